"""How fast one connection may send: lines, bytes, floods, and lines too long."""

from __future__ import annotations

import pytest

from lanchatd.limits import Limits
from lanchatd.net.allowances import (
    AROUND_BYTES,
    FLOOD_PAUSE_S,
    FLOOD_SLOT_S,
    TEXTLESS_BYTES,
    TEXTLESS_PER_S,
    Allowance,
    FloodSlots,
    Verdict,
)

TAKE, DROP, CLOSE = Verdict.TAKE, Verdict.DROP, Verdict.CLOSE

# Powers of two, so that no rounding decides.
LIMITS = Limits(burst_lines=4, lines_per_s=4, bytes_per_s=64, flood_timeout_s=10, max_long_lines=10)
START = 1_024.0


@pytest.fixture
def allowance() -> Allowance:
    return Allowance(LIMITS, None, START)


def lines(allowance: Allowance, many: int, after_s: float = 0) -> list[Verdict]:
    """So many lines at once, so long after the start."""
    return [allowance.line_came(START + after_s) for _ in range(many)]


@pytest.mark.parametrize(
    ("many", "verdicts"),
    [(3, [TAKE] * 3), (4, [TAKE] * 4), (5, [*[TAKE] * 4, DROP]), (6, [*[TAKE] * 4, DROP, DROP])],
)
def test_a_burst_is_taken_up_to_its_limit(allowance: Allowance, many: int, verdicts: list[Verdict]) -> None:
    """A pasted paragraph goes through, a novel does not."""
    assert lines(allowance, many) == verdicts


@pytest.mark.parametrize(
    ("after_s", "taken"), [(0.1875, 0), (0.25, 1), (0.4375, 1), (0.5, 2), (1, 4), (3_600, 4)]
)
def test_the_burst_fills_again_by_the_second(allowance: Allowance, after_s: float, taken: int) -> None:
    """Four lines a second, and never more than the burst at once."""
    lines(allowance, 4)
    assert lines(allowance, taken + 1, after_s) == [*[TAKE] * taken, DROP]


def test_who_keeps_to_the_rate_is_never_dropped(allowance: Allowance) -> None:
    """Even with the burst used up."""
    lines(allowance, 4)
    assert [lines(allowance, 1, number / 4) for number in range(1, 100)] == [[TAKE]] * 99


def test_a_dropped_line_costs_nothing(allowance: Allowance) -> None:
    """Who sends too fast is not pushed further down by it."""
    lines(allowance, 100)
    assert lines(allowance, 1, 0.25) == [TAKE]


@pytest.mark.parametrize(("amount", "verdict"), [(63, TAKE), (64, TAKE), (65, DROP)])
def test_a_seconds_worth_of_bytes_may_come_at_once(
    allowance: Allowance, amount: int, verdict: Verdict
) -> None:
    """Few lines, but long ones, are bounded as well."""
    allowance.bytes_came(amount, START)
    assert lines(allowance, 1) == [verdict]


@pytest.mark.parametrize(("after_s", "verdict"), [(0.125, DROP), (0.25, TAKE)])
def test_the_bytes_fill_again_by_the_second(allowance: Allowance, after_s: float, verdict: Verdict) -> None:
    """16 bytes over are made good in a quarter of a second."""
    allowance.bytes_came(80, START)
    assert lines(allowance, 1, after_s) == [verdict]


@pytest.mark.parametrize(("after_s", "verdict"), [(0.984375, DROP), (1, TAKE)])
def test_nobody_owes_more_than_a_second(allowance: Allowance, after_s: float, verdict: Verdict) -> None:
    """One enormous segment does not shut somebody out for long."""
    allowance.bytes_came(1_000_000, START)
    assert lines(allowance, 1, after_s) == [verdict]


def test_a_line_dropped_for_its_bytes_is_not_counted_as_a_line(allowance: Allowance) -> None:
    """The burst of lines is whole when the bytes are there again."""
    allowance.bytes_came(80, START)
    lines(allowance, 3)
    assert lines(allowance, 4, 0.25) == [TAKE] * 4


def test_a_flood_begins_with_the_first_line_that_is_dropped(allowance: Allowance) -> None:
    """A whole burst is none yet."""
    assert not allowance.flooding
    lines(allowance, 4)
    assert not allowance.flooding
    lines(allowance, 1)
    assert allowance.flooding


@pytest.mark.parametrize(("after_s", "flooding"), [(0.9375, True), (1, False)])
def test_a_flood_ends_when_the_burst_is_full_again(
    allowance: Allowance, after_s: float, flooding: bool
) -> None:
    """After a second of quiet, four lines may come again."""
    lines(allowance, 5)
    allowance.bytes_came(1, START + after_s)
    assert allowance.flooding is flooding


@pytest.mark.parametrize(("after_s", "flooding"), [(1, True), (1.9375, True), (2, False)])
def test_a_flood_ends_when_the_bytes_are_full_again_too(
    allowance: Allowance, after_s: float, flooding: bool
) -> None:
    """Two seconds of bytes at once need two seconds of quiet, though the burst of lines was never touched."""
    allowance.bytes_came(128, START)
    lines(allowance, 1)
    allowance.bytes_came(1, START + after_s)
    assert allowance.flooding is flooding


@pytest.mark.parametrize(("after_s", "verdict"), [(9.9375, DROP), (10, CLOSE), (60, CLOSE)])
def test_who_is_still_at_it_after_the_time_is_closed(
    allowance: Allowance, after_s: float, verdict: Verdict
) -> None:
    """The time counts from the first dropped line to this one."""
    lines(allowance, 5)
    assert lines(allowance, 5, after_s) == [*[TAKE] * 4, verdict]


def test_who_stopped_in_between_has_the_whole_time_again(allowance: Allowance) -> None:
    """A second paste, a minute later, is a new one."""
    lines(allowance, 5)
    allowance.bytes_came(10, START + 60)
    assert lines(allowance, 5, 60) == [*[TAKE] * 4, DROP]
    assert lines(allowance, 5, 69.9375)[-1] is DROP
    assert lines(allowance, 5, 70)[-1] is CLOSE


def test_a_trickle_does_not_end_a_flood(allowance: Allowance) -> None:
    """Who goes on at the rate is never quiet: the next line too many closes."""
    lines(allowance, 5)
    for number in range(1, 41):
        allowance.bytes_came(1, START + number / 4)
        assert lines(allowance, 1, number / 4) == [TAKE]
    assert lines(allowance, 1, 10) == [CLOSE]


def test_scraps_within_the_rate_are_no_flood(allowance: Allowance) -> None:
    """The rest of a line too long is thrown away, and that is all."""
    allowance.bytes_came(64, START)
    assert [allowance.scrap_came(START), allowance.scrap_came(START)] == [DROP, DROP]
    assert not allowance.flooding


@pytest.mark.parametrize(("after_s", "verdict"), [(9.9375, DROP), (10, CLOSE)])
def test_scraps_over_the_rate_are_a_flood(allowance: Allowance, after_s: float, verdict: Verdict) -> None:
    """Bytes without an end are closed as lines without an end are."""
    allowance.bytes_came(65, START)
    assert allowance.scrap_came(START) is DROP
    assert allowance.flooding
    for second in range(1, 10):
        allowance.bytes_came(1_000, START + second)
        assert allowance.scrap_came(START + second) is DROP
    allowance.bytes_came(1_000, START + after_s)
    assert allowance.scrap_came(START + after_s) is verdict


@pytest.mark.parametrize(("many", "last"), [(1, DROP), (9, DROP), (10, CLOSE), (11, CLOSE)])
def test_the_tenth_line_too_long_in_a_minute_closes(allowance: Allowance, many: int, last: Verdict) -> None:
    """A paste gone wrong is a few."""
    verdicts = [allowance.long_line_came(START + number) for number in range(many)]
    assert verdicts == [*[DROP] * min(many, 9), *[CLOSE] * (many - 9)]
    assert verdicts[-1] is last


@pytest.mark.parametrize(("after_s", "verdict"), [(59.9375, CLOSE), (60, DROP)])
def test_a_line_too_long_counts_for_a_minute(allowance: Allowance, after_s: float, verdict: Verdict) -> None:
    """The first of nine is forgotten a minute later."""
    allowance.long_line_came(START)
    for _ in range(8):
        allowance.long_line_came(START + 30)
    assert allowance.long_line_came(START + after_s) is verdict


def test_the_minute_slides(allowance: Allowance) -> None:
    """Nine in any minute, for hours, is allowed; a tenth between two of them is not."""
    verdicts = {allowance.long_line_came(START + number * 6.875) for number in range(1_000)}
    assert verdicts == {DROP}
    assert allowance.long_line_came(START + 999 * 6.875) is CLOSE


def test_with_a_limit_of_one_the_first_line_too_long_closes() -> None:
    """The least that can be set."""
    assert Allowance(Limits(max_long_lines=1), None, START).long_line_came(START) is CLOSE


TEXTLESS = TEXTLESS_BYTES + AROUND_BYTES * LIMITS.burst_lines


@pytest.mark.parametrize(("amount", "verdict"), [(TEXTLESS, TAKE), (TEXTLESS + 1, DROP)])
def test_tls_that_brings_no_text_is_bounded(allowance: Allowance, amount: int, verdict: Verdict) -> None:
    """A handshake is far less; to ask for new keys again and again is not."""
    assert allowance.encrypted_came(amount, 0, START) is verdict


def test_tls_that_brings_text_is_bounded_by_the_text(allowance: Allowance) -> None:
    """Also when the text comes only with the last piece of a record."""
    for _ in range(100):
        for text in (0, 0, 0, 4_000):
            assert allowance.encrypted_came(1_016, text, START) is TAKE


def test_tls_without_text_may_go_on_at_a_rate(allowance: Allowance) -> None:
    """So that whoever sends a record a line, within the rate of lines, is never slowed."""
    per_s = TEXTLESS_PER_S + AROUND_BYTES * LIMITS.lines_per_s
    allowance.encrypted_came(TEXTLESS, 0, START)
    for second in range(1, 100):
        assert allowance.encrypted_came(int(per_s), 0, START + second) is TAKE


@pytest.mark.parametrize(("after_s", "verdict"), [(9, DROP), (10, CLOSE)])
def test_tls_without_text_for_too_long_closes(allowance: Allowance, after_s: float, verdict: Verdict) -> None:
    """As lines do; a flood is a flood."""
    for second in range(10):
        assert allowance.encrypted_came(2 * TEXTLESS, 0, START + second) is DROP
    assert allowance.flooding
    assert allowance.encrypted_came(2 * TEXTLESS, 0, START + after_s) is verdict


def test_a_flood_of_tls_is_over_after_a_while(allowance: Allowance) -> None:
    """The next one, an hour later, has the whole time again."""
    assert allowance.encrypted_came(2 * TEXTLESS, 0, START) is DROP
    assert allowance.encrypted_came(2 * TEXTLESS, 0, START + 3_600) is DROP
    allowance.bytes_came(1, START + 7_200)
    assert not allowance.flooding


def test_floods_have_a_share_of_the_time_however_many_there_are() -> None:
    """One is read from ten times a second, a hundred take turns."""
    slots = FloodSlots()
    assert slots.next_in(START) == pytest.approx(FLOOD_PAUSE_S)
    assert slots.next_in(START + FLOOD_PAUSE_S) == pytest.approx(FLOOD_PAUSE_S)
    later = [slots.next_in(START + 10) for _ in range(100)]
    assert later == pytest.approx([FLOOD_PAUSE_S + number * FLOOD_SLOT_S for number in range(100)])
