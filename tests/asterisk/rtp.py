"""What a telephone sends, as a pcap that SIPp plays: A-law speech and RFC 4733 digits in one RTP stream."""

import struct
from pathlib import Path

import numpy as np

_PACKET = 160  # samples of 20 ms
_PT_ALAW, _PT_EVENT, _SSRC = 8, 101, 0x1234ABCD
_SILENCE = b"\xd5" * _PACKET
_KEYS = "0123456789*#ABCD"


class Telephone:
    """Builds one stream; times in seconds. Times of packets never go backwards, or SIPp stalls."""

    def __init__(self):
        self.packets = []
        self.at = 0.0
        self.sequence, self.stamp, self.marked = 1, _PACKET, True

    def silence(self, seconds):
        for _ in range(round(seconds * 50)):
            self._audio(_SILENCE)
        return self

    def say(self, samples):
        """Speak 8 kHz int16 samples."""
        sound = a_law(samples)
        for start in range(0, len(sound), _PACKET):
            self._audio(sound[start : start + _PACKET].ljust(_PACKET, b"\xd5"))
        return self

    def press(self, keys, *, pause_s=0.3):
        for key in keys:
            self._event(_KEYS.index(key))
            self.silence(pause_s)
        return self

    def save(self, path: Path):
        with path.open("wb") as file:
            file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
            for at, payload in self.packets:
                udp = struct.pack("!HHHH", 6000, 6002, 8 + len(payload), 0) + payload
                loopback = b"\x7f\0\0\2\x7f\0\0\1"
                ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0) + loopback + udp
                frame = b"\0" * 12 + b"\x08\0" + ip
                micro = round(at * 1e6)
                file.write(
                    struct.pack("<IIII", micro // 10**6, micro % 10**6, len(frame), len(frame)) + frame
                )
        return path

    def _audio(self, payload):
        self._packet(_PT_ALAW, payload, marked=self.marked)
        self.marked = False
        self.at += 0.02
        self.stamp += _PACKET

    def _event(self, code, packets=8):
        for number in range(packets + 3):  # the end is told three times
            end = 0x80 if number >= packets else 0
            length = min(number + 1, packets) * _PACKET
            self._packet(_PT_EVENT, struct.pack("!BBH", code, end | 10, length), marked=number == 0)
            self.at += 0.02 if number < packets else 0.005
        self.at += 0.005
        self.stamp += (packets + 1) * _PACKET
        self.marked = True

    def _packet(self, kind, payload, *, marked):
        head = struct.pack(
            "!BBHII",
            0x80,
            (0x80 if marked else 0) | kind,
            self.sequence & 0xFFFF,
            self.stamp & 0xFFFFFFFF,
            _SSRC,
        )
        self.packets.append((self.at, head + payload))
        self.sequence += 1


def a_law(samples):
    """G.711 A-law of int16 samples (ITU-T G.711)."""
    level = np.minimum(np.abs(samples.astype(np.int32)) >> 3, 4095)
    segment = np.maximum(np.floor(np.log2(np.maximum(level, 1))).astype(np.int32) - 4, 0)
    step = np.where(segment == 0, level >> 1, level >> segment) & 15
    code = (segment << 4) | step
    return (np.where(samples >= 0, code | 0x80, code) ^ 0x55).astype(np.uint8).tobytes()
