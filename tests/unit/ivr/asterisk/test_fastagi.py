"""The server: calls beside each other, a full house, a defect, and a stop."""

import contextlib
import socket
import threading

import pytest
from sqlalchemy import select

from core.errors import MissingPart
from ivr.asterisk.fastagi import FastAgiServer
from ivr.asterisk.role import running_ivr
from ivr.flow.check import shipped_flow
from ivr.models import Call
from tests.unit.ivr.asterisk.wire import ENVIRONMENT, environment_lines
from tests.waiting import wait_until


class Running:
    """A server in the background."""

    def __init__(self, application, threads=10):
        self.server = FastAgiServer("127.0.0.1", 0, application, threads=threads)
        self.thread = threading.Thread(target=self.server.serve)

    def __enter__(self):
        self.thread.start()
        return self.server

    def __exit__(self, *_error):
        self.server.stop(grace_s=0.0)
        self.thread.join()


def dial(server, environment=ENVIRONMENT):
    connection = socket.create_connection(server.address)
    connection.settimeout(10)
    connection.sendall(environment_lines(environment))
    return connection


def test_calls_are_served_beside_each_other():
    together = threading.Barrier(3, timeout=10)

    def application(channel):
        together.wait()
        channel.set_variable("SANSHENG_VERDICT", channel.call_id)

    with Running(application) as server:
        calls = [dial(server, ENVIRONMENT | {"agi_uniqueid": f"1.{n}"}) for n in range(3)]
        said = [call.recv(1000) for call in calls]
        assert said == [f'SET VARIABLE "SANSHENG_VERDICT" "1.{n}"\n'.encode() for n in range(3)]
        for call in calls:
            call.close()


def test_a_full_house_refuses_at_once_and_has_room_again_later():
    def application(channel):
        channel.noop()

    with Running(application, threads=1) as server:
        first = dial(server)
        assert first.recv(100) == b"NOOP\n"
        second = dial(server)
        assert _ended(second)
        first.sendall(b"200 result=0\n")
        assert _ended(first)
        wait_until(lambda: server.calls == 0, "the first call to be forgotten")
        third = dial(server)
        assert third.recv(100) == b"NOOP\n"
        third.close()


def _ended(connection):
    """Whether the connection was closed, with whatever of ours the other side had not read."""
    with connection:
        try:
            return connection.recv(100) == b""
        except ConnectionResetError:
            return True


def test_a_defect_ends_its_call_without_a_verdict_and_no_other(capfd):
    def application(channel):
        raise ZeroDivisionError(channel.env["agi_callerid"])

    with Running(application) as server:
        assert _ended(dial(server))
        assert _ended(dial(server))
    assert "13800138000" not in "".join(capfd.readouterr())


def test_nonsense_instead_of_a_call_is_closed():
    with Running(lambda _channel: None) as server:
        for raw in (b"GET / HTTP/1.1\r\n\r\n", b"\xff" * 70_000, b"a: b\n" * 500):
            connection = socket.create_connection(server.address)
            connection.settimeout(10)
            with contextlib.suppress(OSError):
                connection.sendall(raw)
            assert _ended(connection)


def test_a_stop_hands_calls_to_the_dial_plan():
    inside = threading.Event()

    def application(channel):
        inside.set()
        channel.key(60.0)

    running = Running(application)
    with running as server:
        call = dial(server)
        assert inside.wait(10)
    assert call.recv(1000) in {b"", b"WAIT FOR DIGIT 60000\n"}
    call.close()


def test_a_port_that_is_taken_is_said():
    with Running(lambda _channel: None) as server, pytest.raises(MissingPart, match=str(server.address[1])):
        FastAgiServer(*server.address, lambda _channel: None, threads=1)


def test_the_role_writes_what_calls_tell(installation):
    with running_ivr(installation, shipped_flow(), host="127.0.0.1", port=0) as server:
        call = dial(server)
        assert call.recv(1000) == b"ANSWER\n"
        call.sendall(b"HANGUP\n511 Command Not Permitted on a dead channel\n")
        assert _ended(call)
    with installation.unit_of_work() as session:
        kept = session.scalars(select(Call)).one()
    assert (kept.provider_call_id, kept.caller, kept.dialled) == ("1795319643.0", "13800138000", "4008001234")
