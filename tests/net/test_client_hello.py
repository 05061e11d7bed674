"""The first message of TLS is waited for until it is whole, however it comes."""

from __future__ import annotations

import pytest

from lanchatd.net.client_hello import HELLO_BYTES, ClientHello, NoHelloError
from tests.encrypted import hello_of, in_records, long_hello
from tests.impostors import any_server


def of_size(size: int) -> bytes:
    """A hello of so many bytes, in as few records as it takes."""
    message = b"\x01" + (size - 4).to_bytes(3) + bytes(size - 4)
    return in_records(b"\x16\x03\x01\0\0" + message, 16_384)


@pytest.mark.parametrize("hello", [hello_of(any_server()), long_hello(), of_size(4)], ids=len)
@pytest.mark.parametrize("record", [1, 3, 4, 5, 100, 16_384])
def test_it_is_whole_with_its_last_byte(hello: bytes, record: int) -> None:
    """In one segment, in segments of a byte, and in records of any size."""
    sent = in_records(hello, record)
    assert ClientHello().has_come(sent)
    assert not ClientHello().has_come(sent[:-1])
    gathered = ClientHello()
    whole = [gathered.has_come(sent[at : at + 1]) for at in range(len(sent))]
    assert whole.index(True) == len(sent) - 1
    assert gathered.came == sent


def test_what_comes_behind_it_is_kept() -> None:
    """Whoever reads TLS then is given it too."""
    hello = ClientHello()
    assert hello.has_come(of_size(100) + b"\x14\x03\x03")
    assert hello.came == of_size(100) + b"\x14\x03\x03"


@pytest.mark.parametrize("size", [16_384, 16_385, 100_000])
def test_one_that_is_too_long_is_waited_for_no_longer(size: int) -> None:
    """OpenSSL knows what to do with it."""
    sent = of_size(size)
    assert not ClientHello().has_come(sent[: HELLO_BYTES - 1])
    assert ClientHello().has_come(sent[:HELLO_BYTES])


@pytest.mark.parametrize(
    ("sent", "why"),
    [
        (b"\x16\x02", "a record of an unknown version"),
        (b"\x16\x03\x01\x00\x00", "a record of an impossible size"),
        (b"\x16\x03\x01\x40\x01", "a record of an impossible size"),
        (b"\x16\x03\x01\xff\xff", "a record of an impossible size"),
        (b"\x16\x03\x01\x00\x01\x02", "does not begin with a hello"),
        (b"\x16\x03\x01\x00\x02\x01\x00\x17", "not a record of a handshake"),
        (b"\x16\x03\x01\x00\x02\x01\x00\x16\x02", "a record of an unknown version"),
    ],
)
def test_what_is_none_is_refused_as_soon_as_that_is_clear(sent: bytes, why: str) -> None:
    """With its last byte, and not before."""
    hello = ClientHello()
    assert not hello.has_come(sent[:-1])
    with pytest.raises(NoHelloError, match=f"^{why}$"):
        hello.has_come(sent[-1:])
