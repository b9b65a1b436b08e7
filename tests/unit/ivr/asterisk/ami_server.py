"""An Asterisk of our own for tests: a real socket that answers what a test tells it to."""

import contextlib
import hashlib
import queue
import socket
import threading

from core.setting_sections import AmiSettings

SECRET = "ami-secret"
CHALLENGE = "123456789"


class AmiServer:
    """Accepts one line after the other. `answers` maps an action's name to what it is answered with.

    An answer is a text block (its ActionID is filled in), a list of such blocks, or None for silence.
    """

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.asked = queue.Queue()
        self.lines = []
        self.log_ins = 0
        self.on_log_in = ""
        self.answers = {
            "Challenge": f"Response: Success\r\nChallenge: {CHALLENGE}",
            "Login": "Response: Success\r\nMessage: Authentication accepted",
            "Ping": "Response: Success\r\nPing: Pong",
        }
        self.thread = threading.Thread(target=self._accept, daemon=True)
        self.thread.start()

    def settings(self, **changes):
        told = {
            "host": "127.0.0.1",
            "port": self.port,
            "secret": SECRET,
            "keepalive_s": 0.01,
            "timeout_s": 30,
        }
        return AmiSettings.model_validate(told | changes)

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                line, _ = self.listener.accept()
                self.lines.append(line)
                threading.Thread(target=self._serve, args=(line,), daemon=True).start()

    def _serve(self, line):
        with contextlib.suppress(OSError), line.makefile("rb") as incoming:
            line.sendall(b"Asterisk Call Manager/11.0.0\r\n")
            headers = {}
            for raw in incoming:
                text = raw.decode().rstrip("\r\n")
                if text:
                    name, _, value = text.partition(": ")
                    headers[name] = value
                    continue
                self._answer(line, headers)
                headers = {}

    def _answer(self, line, headers):
        self.asked.put(headers)
        answer = self.answers.get(headers["Action"], "Response: Error\r\nMessage: Invalid/unknown command")
        if callable(answer):
            answer = answer(headers)
        if answer is None:
            return
        for block in [answer] if isinstance(answer, str) else answer:
            line.sendall(f"{block}\r\nActionID: {headers['ActionID']}\r\n\r\n".encode())
        if headers["Action"] == "Login":
            self.log_ins += 1
            line.sendall(self.on_log_in.encode())

    def next_asked(self, action):
        """The next action of this name that reaches us; others are skipped."""
        while True:
            headers = self.asked.get(timeout=60)
            if headers["Action"] == action:
                return headers

    def send(self, text):
        """Send bytes on the newest line."""
        self.lines[-1].sendall(text.encode() if isinstance(text, str) else text)

    def cut(self):
        """Cut the newest line, as a network or a crash does."""
        with contextlib.suppress(OSError):
            self.lines[-1].shutdown(socket.SHUT_RDWR)

    def close(self):
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for line in self.lines:
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)
            line.close()


def md5_key():
    return hashlib.md5((CHALLENGE + SECRET).encode()).hexdigest()
