"""A line between us and Asterisk's AMI that a test can cut: everything passes, until nothing does."""

import contextlib
import socket
import threading


class CutLine:
    """A TCP proxy on a port of its own. While it is cut, new connections are refused."""

    def __init__(self, to_port):
        self.to_port = to_port
        self.port = 0
        self.mend()

    def mend(self):
        """Let connections through (again), on the same port."""
        self.ends = []
        self.listener = socket.create_server(("127.0.0.1", self.port))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(self.listener,), daemon=True).start()

    def cut(self):
        """Drop every connection, and let no new one in."""
        for end in [self.listener, *self.ends]:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _accept(self, listener):
        with contextlib.suppress(OSError):
            while True:
                ours, _address = listener.accept()
                theirs = socket.create_connection(("127.0.0.1", self.to_port))
                self.ends += [ours, theirs]
                for pair in ((ours, theirs), (theirs, ours)):
                    threading.Thread(target=_pass_on, args=pair, daemon=True).start()


def _pass_on(source, target):
    with contextlib.suppress(OSError):
        while chunk := source.recv(65_536):
            target.sendall(chunk)
    for end in (source, target):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
