"""Callers and agents: SIPp scenarios written step by step, and SIPp run on a loopback address of each party.

Traps this steps around: `[last_From:]` in a BYE of the called side gives no To header, so both are taken from the
INVITE; SIPp's own digits come from the wrong port, so digits are part of the played stream; a SIPp that is killed
leaves a ghost in the queue, so parties end their calls themselves.
"""

import contextlib
import socket
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from xml.sax.saxutils import escape

from tests.waiting import wait_until

ASTERISK = "127.0.0.1"
_RESERVED_BY_PORT = 5059


def _own_network():
    """Take a network of loopback addresses that no other run on this machine has, for as long as this process runs."""
    for number in range(1, 255):
        reserved = socket.socket()
        with contextlib.suppress(OSError):
            reserved.bind((f"127.0.{number}.1", _RESERVED_BY_PORT))
            return f"127.0.{number}", reserved
        reserved.close()
    raise RuntimeError("254 runs of these tests go on already")


NETWORK, _RESERVED = _own_network()
"""Parties of one test run; runs beside each other have their own."""
CARRIER = f"{NETWORK}.2"


def phone_address(code):
    """Where the telephone of agent 1001, 1002, ... is."""
    return f"{NETWORK}.{int(code) - 990}"


_SDP = """v=0
o={user} 1 1 IN IP[local_ip_type] [local_ip]
s=-
c=IN IP[media_ip_type] [media_ip]
t=0 0
m=audio [auto_media_port] RTP/AVP 8 101
a=rtpmap:8 PCMA/8000
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-16
a={direction}
"""
_REPLY = """SIP/2.0 {status}
[last_Via:]
[last_From:]
[last_To:]{tag}
[last_Call-ID:]
[last_CSeq:]
{rest}"""


def send(text, *, retrans=True):
    again = ' retrans="500"' if retrans else ""
    return f"<send{again}><![CDATA[\n{text}\n]]></send>"


def pause(seconds):
    return f'<pause milliseconds="{round(seconds * 1000)}"/>'


def play(pcap):
    return f'<nop><action><exec play_pcap_audio="{escape(str(pcap))}"/></action></nop>'


def receive(request, *, timeout_s=120):
    return f'<recv request="{request}" crlf="true" timeout="{timeout_s * 1000}"/>'


def _reply(status, *, tagged=False, body=""):
    tag = ";tag=[pid]sansheng[call_number]" if tagged else ""
    contact = "Contact: <sip:[service]@[local_ip]:[local_port];transport=[transport]>\n" if tagged else ""
    content = (
        f"Content-Type: application/sdp\nContent-Length: [len]\n\n{body}" if body else "Content-Length: 0\n"
    )
    return _REPLY.format(status=status, tag=tag, rest=contact + content)


_CONTACT = "<sip:[service]@[local_ip]:[local_port]>"
_CONSULTATION = "consultation///"


def _left_by_other_side(label):
    """A BYE, after however many NOTIFYs of how a transfer goes; takes three labels."""
    told, left = label + 1, label + 2
    return [
        f'<label id="{label}"/>',
        f'<recv request="NOTIFY" optional="true" next="{told}"/>',
        f'<recv request="BYE" next="{left}" timeout="60000"/>',
        f'<label id="{told}"/>',
        send(_reply("200 OK"), retrans=False).replace("<send>", f'<send next="{label}">'),
        f'<label id="{left}"/>',
        send(_reply("200 OK"), retrans=False),
    ]


class Caller:
    """The steps of a caller, who comes through the carrier."""

    def __init__(self, number="13800138000", name=None, *, headers=None, call_id=""):
        """`headers` are sent beside the usual ones; SIPp tells its calls by what follows `///` in a Call-ID."""
        self.call_id = f"{call_id}///[call_id]" if call_id else "[call_id]"
        told = "".join(f"{header}: {value}\n" for header, value in (headers or {}).items())
        shown = f'"{name}" ' if name is not None else ""
        self.party = f"{shown}<sip:{number}@[local_ip]:[local_port]>;tag=[pid]sansheng[call_number]"
        self.contact = f"<sip:{number}@[local_ip]:[local_port]>"
        invite = self._request(
            "INVITE",
            1,
            "To: <sip:[service]@[remote_ip]:[remote_port]>",
            "sip:[service]@[remote_ip]:[remote_port]",
        )
        body = _SDP.format(user="caller", direction="sendrecv")
        invite += (
            f"{told}Contact: {self.contact}\nContent-Type: application/sdp\nContent-Length: [len]\n\n{body}"
        )
        self.steps = [send(invite)]

    def answered(self):
        """The call is taken."""
        self.steps += [f'<recv response="{code}" optional="true"/>' for code in (100, 180, 183)]
        self.steps += [
            '<recv response="200" rtd="true" rrs="true"/>',
            send(self._ended("ACK", 1), retrans=False),
        ]
        return self

    def refused(self, status):
        self.steps += [
            '<recv response="100" optional="true"/>',
            f'<recv response="{status}"/>',
            send(self._ended("ACK", 1), retrans=False),
        ]
        return self

    def plays(self, pcap):
        self.steps.append(play(pcap))
        return self

    def waits(self, seconds):
        self.steps.append(pause(seconds))
        return self

    def hangs_up(self):
        self.steps += [send(self._ended("BYE", 2)), '<recv response="200" crlf="true"/>']
        return self

    def is_hung_up_on(self, *, timeout_s=120):
        self.steps += [receive("BYE", timeout_s=timeout_s), send(_reply("200 OK"), retrans=False)]
        return self

    def _ended(self, method, number):
        return self._request(method, number, "[last_To:]", "[next_url]") + "Content-Length: 0\n"

    def _request(self, method, number, to, target):
        return (
            f"{method} {target} SIP/2.0\n"
            "Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]\n"
            f"From: {self.party}\n{to}\nCall-ID: {self.call_id}\nCSeq: {number} {method}\nMax-Forwards: 70\n"
        )


class Agent:
    """The steps of an agent's telephone."""

    def __init__(self):
        take = [("remote", "From:"), ("local", "To:")]
        actions = "".join(
            f'<ereg regexp=".*" search_in="hdr" header="{header}" assign_to="{name}"/>'
            for name, header in take
        )
        actions += '<ereg regexp="[0-9]+ INVITE" search_in="hdr" header="CSeq:" assign_to="invite"/>'
        self.steps = [f'<recv request="INVITE" crlf="true" rrs="true"><action>{actions}</action></recv>']
        self.number = 1

    def rings(self, seconds=0.0):
        self.steps.append(send(_reply("180 Ringing", tagged=True), retrans=False))
        if seconds:
            self.steps.append(pause(seconds))
        return self

    def is_busy(self):
        self.steps += [send(_reply("486 Busy Here", tagged=True)), '<recv request="ACK"/>']
        return self

    def answers(self):
        body = _SDP.format(user="agent", direction="sendrecv")
        self.steps += [send(_reply("200 OK", tagged=True, body=body)), '<recv request="ACK" crlf="true"/>']
        return self

    def is_cancelled(self):
        terminated = _reply("487 Request Terminated", tagged=True).replace("[last_CSeq:]", "CSeq: [$invite]")
        self.steps += [
            receive("CANCEL"),
            send(_reply("200 OK", tagged=True), retrans=False),
            send(terminated),
            '<recv request="ACK"/>',
        ]
        return self

    def plays(self, pcap):
        self.steps.append(play(pcap))
        return self

    def waits(self, seconds):
        self.steps.append(pause(seconds))
        return self

    def puts_on_hold(self, direction="sendonly"):
        body = _SDP.format(user="agent", direction=direction)
        self.steps += [
            send(
                self._request("INVITE")
                + f"Contact: <sip:[service]@[local_ip]:[local_port]>\nContent-Type: application/sdp\nContent-Length: [len]\n\n{body}"
            ),
            '<recv response="100" optional="true"/>',
            '<recv response="200"/>',
            send(self._request("ACK", same=True) + "Content-Length: 0\n", retrans=False),
        ]
        return self

    def takes_back(self):
        return self.puts_on_hold("sendrecv")

    def transfers_to(self, extension):
        """Hand the caller over without asking; an agent's SIPp knows no `[remote_ip]`."""
        refer = f"Refer-To: <sip:{extension}@{ASTERISK}>\nContact: {_CONTACT}\n"
        self.steps += [
            send(self._request("REFER") + refer + "Content-Length: 0\n"),
            '<recv response="202"/>',
            *_left_by_other_side(1),
        ]
        return self

    def consults(self, extension, *, talks_s=2.0):
        """Call a colleague on a second line; what stands before `///` lets SIPp know both lines as one call."""
        to = f"<sip:{extension}@{ASTERISK}>"
        tag = '<ereg regexp="tag=(.*)" search_in="hdr" header="To:" assign_to="all,consulted"/>'
        body = _SDP.format(user="agent", direction="sendrecv")
        invite = self._consultation("INVITE", extension, to) + f"Contact: {_CONTACT}\n"
        self.steps += [
            send(f"{invite}Content-Type: application/sdp\nContent-Length: [len]\n\n{body}"),
            *(f'<recv response="{code}" optional="true"/>' for code in (100, 180, 183)),
            f'<recv response="200"><action>{tag}</action></recv>',
            send(
                self._consultation("ACK", extension, f"{to};tag=[$consulted]") + "Content-Length: 0\n",
                retrans=False,
            ),
            '<Reference variables="all"/>',
            pause(talks_s),
        ]
        return self

    def brings_together(self, extension):
        """Hand the caller over to the colleague who was asked, and leave both lines."""
        own = _CONSULTATION.replace("/", "%2F")
        replaces = f"{own}[call_id]%3Bto-tag%3D[$consulted]%3Bfrom-tag%3Dconsult[call_number]"
        refer = f"Refer-To: <sip:{extension}@{ASTERISK}?Replaces={replaces}>\nContact: {_CONTACT}\n"
        self.steps += [
            send(self._request("REFER") + refer + "Content-Length: 0\n"),
            '<recv response="202"/>',
            *_left_by_other_side(1),
            *_left_by_other_side(4),
        ]
        return self

    def hangs_up(self):
        self.steps += [
            send(self._request("BYE") + "Content-Length: 0\n"),
            '<recv response="200" crlf="true"/>',
        ]
        return self

    def is_hung_up_on(self, *, timeout_s=120):
        self.steps += [receive("BYE", timeout_s=timeout_s), send(_reply("200 OK"), retrans=False)]
        return self

    def _consultation(self, method, extension, to):
        return (
            f"{method} sip:{extension}@{ASTERISK} SIP/2.0\n"
            "Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]\n"
            f"From: <sip:agent@[local_ip]:[local_port]>;tag=consult[call_number]\nTo: {to}\n"
            f"Call-ID: {_CONSULTATION}[call_id]\nCSeq: 1 {method}\nMax-Forwards: 70\n"
        )

    def _request(self, method, *, same=False):
        self.number += not same
        return (
            f"{method} [next_url] SIP/2.0\n"
            "Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]\n"
            "[routes]\n"
            "From: [$local];tag=[pid]sansheng[call_number]\n"
            "To: [$remote]\n"
            f"Call-ID: [call_id]\nCSeq: {self.number} {method}\nMax-Forwards: 70\n"
        )


@dataclass
class Party:
    """A running SIPp."""

    process: subprocess.Popen
    log: Path

    def ends(self, *, code=0):
        """Wait until its calls are over; fail with what it complained of when they went otherwise."""
        wait_until(lambda: self.process.poll() is not None, f"{self.log.stem} to end", limit_s=150)
        assert self.process.returncode == code, (self.process.returncode, self.log.read_text()[:3000])

    def stop(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


@dataclass
class Stage:
    """Starts parties in a folder, and stops what is left of them; a load is nicer than what it is put on."""

    folder: Path
    port: int
    niceness: int = 0
    parties: list = field(default_factory=list)

    def call(self, caller, *, number="4008001234", calls=1, rate=1, at_once=1, port=5060, encoding="utf-8"):
        return self._run(
            "caller", caller, CARRIER, port, number, calls, rate, at_once, f"{ASTERISK}:{self.port}", encoding
        )

    def agent(self, code, agent, *, calls=1):
        """Put an agent at a telephone; `code` is 1001, 1002, ..."""
        address = phone_address(code)
        return self._run(f"agent{code}", agent, address, 5070, code, calls, 1, 500, None)

    def customer(self, number, phone, *, calls=1):
        """Put somebody at the telephone of a number, behind the carrier: callers are on other ports then."""
        return self._run("customer", phone, CARRIER, 5060, number, calls, 1, 500, None)

    def stop(self):
        for party in self.parties:
            party.stop()

    def _run(self, name, steps, address, port, service, calls, rate, at_once, target, encoding="utf-8"):
        name = f"{name}-{len(self.parties)}"
        scenario, log = self.folder / f"{name}.xml", self.folder / f"{name}.log"
        text = "\n".join(steps.steps)
        globals_ = '<Reference variables="remote,local,invite"/>' if isinstance(steps, Agent) else ""
        head = '<?xml version="1.0" encoding="UTF-8"?>'
        document = f'{head}\n<scenario name="{name}">\n{text}\n{globals_}\n</scenario>\n'
        scenario.write_bytes(document.encode(encoding))
        command = [
            "nice",
            "-n",
            str(self.niceness),
            "sipp",
            "-sf",
            scenario,
            "-i",
            address,
            "-mi",
            address,
            "-p",
            str(port),
            "-s",
            service,
        ]
        command += [
            "-m",
            str(calls),
            "-r",
            str(rate),
            "-l",
            str(at_once),
            "-nostdin",
            "-trace_err",
            "-error_file",
            log,
        ]
        process = subprocess.Popen(
            [*map(str, command), *([target] if target else [])],
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        log.touch()
        party = Party(process, log)
        self.parties.append(party)
        return party
