"""Where records of TLS end, however they are cut."""

from __future__ import annotations

from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as some

from lanchatd.net.tls_records import Records


def record(size: int) -> bytes:
    """With so many bytes in it."""
    return b"\x17\x03\x03" + size.to_bytes(2) + b"\xff" * size


@given(some.lists(some.integers(0, 2_000), max_size=6), some.lists(some.integers(0, 900), max_size=20))
def test_each_record_is_counted_with_its_last_byte(sizes: list[int], cuts: list[int]) -> None:
    """However many are in one piece, and however many pieces one is in; headers are cut too."""
    stream = b"".join(map(record, sizes))
    ends = [0, *accumulate(5 + size for size in sizes)]
    records, at, counted = Records(), 0, 0
    for cut in [*cuts, len(stream)]:
        piece, at = stream[at : at + cut], at + cut
        counted += records.ended_with(piece)
        assert counted == max(end for end in ends if end <= at)


def test_a_byte_at_a_time() -> None:
    """All of a record come with its last byte."""
    records = Records()
    stream = record(3) + record(0) + record(256)
    found = [records.ended_with(stream[at : at + 1]) for at in range(len(stream))]
    assert {at: size for at, size in enumerate(found) if size} == {7: 8, 12: 5, 273: 261}


@pytest.mark.parametrize("cut", range(268))
def test_how_much_is_left_of_a_record(cut: int) -> None:
    """Wherever it was cut, once its header is whole."""
    stream = record(3) + record(260) + record(1)
    records = Records()
    records.ended_with(stream[:8][:cut] if cut < 8 else stream[:cut])
    end = 8 if cut < 8 else 273
    assert records.left(stream[cut:]) == end - cut
    assert records.left(stream[cut:][: max(0, 4 - cut)]) in (0, end - cut)
