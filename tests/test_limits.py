"""Every limit: its default, its range, and how it is read from the command line."""

from __future__ import annotations

from dataclasses import Field
from typing import Any

import pytest

from lanchatd.limits import Limits, conflict_in, each_limit, limit_from, option_name

EACH = [pytest.param(limit, id=limit.name) for limit in each_limit()]


def kind_of(limit: Field[Any]) -> type[int] | type[float]:
    return int if limit.type == "int" else float


def refusal_of(limit: Field[Any], text: str) -> str:
    with pytest.raises(ValueError, match="is not") as refused:
        limit_from(limit, text)
    return str(refused.value)


def expected_refusal(limit: Field[Any], text: str) -> str:
    whole = "a whole number" if kind_of(limit) is int else "a number"
    unit, least, most = (limit.metadata[name] for name in ("unit", "least", "most"))
    return f"{text!r} is not {whole} of {unit} from {least:,} to {most:,}"


def test_the_defaults_are_the_ones_that_were_agreed_on() -> None:
    """Nobody changes what keeps the daemon up in passing."""
    assert Limits() == Limits(
        max_line_bytes=4_096,
        max_long_lines=10,
        nick_timeout_s=60,
        lines_per_s=5,
        burst_lines=20,
        bytes_per_s=64 * 1_024,
        flood_timeout_s=10,
        keepalive_s=120,
        chunk_bytes=64 * 1_024,
        send_buffer_bytes=64 * 1_024,
        stall_timeout_s=60,
        direct_bytes=256 * 1_024,
        max_connections=10_000,
        max_per_address=64,
        log_events=10_000,
        log_bytes=4 * 1_024 * 1_024,
        max_rooms=1_000,
        rooms_per_h=20,
        ref_memory_s=600,
        max_refs=65_536,
        shutdown_s=5,
    )


def test_each_limit_is_listed_once_in_order() -> None:
    """The options are made from this list."""
    assert [limit.name for limit in each_limit()] == list(vars(Limits()))


@pytest.mark.parametrize("limit", EACH)
def test_a_limit_says_what_it_is(limit: Field[Any]) -> None:
    """Its unit, its range, what it does and where its number comes from."""
    metadata = limit.metadata
    assert sorted(metadata) == ["least", "most", "unit", "what", "why"]
    assert metadata["least"] < metadata["most"]
    assert all(metadata[name].strip() for name in ("unit", "what", "why"))
    assert limit.type in ("int", "float")


@pytest.mark.parametrize("limit", EACH)
def test_the_default_is_in_its_range(limit: Field[Any]) -> None:
    """And reads as itself."""
    assert limit_from(limit, str(limit.default)) == limit.default


@pytest.mark.parametrize("end", ["least", "most"])
@pytest.mark.parametrize("limit", EACH)
def test_both_ends_of_the_range_are_taken(limit: Field[Any], end: str) -> None:
    """As a number of the limit's kind."""
    number = limit_from(limit, str(limit.metadata[end]))
    assert (number, type(number)) == (limit.metadata[end], kind_of(limit))


@pytest.mark.parametrize("limit", EACH)
def test_what_is_beyond_the_range_is_refused(limit: Field[Any]) -> None:
    """The next number below and above, nothing at all, less than nothing, and far too much."""
    step = 1 if kind_of(limit) is int else 0.001
    beyond = [limit.metadata["least"] - step, limit.metadata["most"] + step, 0, -1, 10**30]
    texts = list(map(str, beyond))
    assert [refusal_of(limit, text) for text in texts] == [expected_refusal(limit, text) for text in texts]


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "x",
        "ten",
        "nan",
        "-nan",
        "inf",
        "-inf",
        "infinity",
        "1e999",
        "0x40",
        "64 KiB",
        "64,5",
        "9" * 5_000,
    ],
)
@pytest.mark.parametrize("limit", EACH)
def test_what_is_no_number_is_refused(limit: Field[Any], text: str) -> None:
    """With what was typed, the kind of number, its unit and its range."""
    assert refusal_of(limit, text) == expected_refusal(limit, text)


@pytest.mark.parametrize("limit", EACH)
def test_only_seconds_and_rates_have_fractions(limit: Field[Any]) -> None:
    """Half a connection is refused, half a second is not."""
    default: float = getattr(Limits(), limit.name)
    text = f"{default}.5"
    if kind_of(limit) is int:
        assert refusal_of(limit, text) == expected_refusal(limit, text)
    else:
        assert limit_from(limit, text) == default + 0.5


def test_a_refusal_is_a_sentence_for_the_person_who_typed_it() -> None:
    """Word for word, for one of each kind."""
    limits = {limit.name: limit for limit in each_limit()}
    assert refusal_of(limits["max_rooms"], "0") == "'0' is not a whole number of rooms from 1 to 1,000,000"
    assert refusal_of(limits["shutdown_s"], "soon") == "'soon' is not a number of s from 0.1 to 60"


def test_options_are_written_with_dashes() -> None:
    """The field `max_line_bytes` is set by `--max-line-bytes`."""
    assert [option_name(limit) for limit in each_limit()][:3] == [
        "max-line-bytes",
        "max-long-lines",
        "nick-timeout-s",
    ]


@pytest.mark.parametrize(
    ("limits", "conflict"),
    [
        (Limits(), None),
        (Limits(chunk_bytes=131_072), None),
        (Limits(chunk_bytes=131_073), "--direct-bytes has to be at least twice --chunk-bytes"),
        (Limits(direct_bytes=131_072), None),
        (Limits(direct_bytes=131_071), "--direct-bytes has to be at least twice --chunk-bytes"),
        (Limits(bytes_per_s=4_097), None),
        (Limits(bytes_per_s=4_096), "--bytes-per-s has to be more than --max-line-bytes"),
    ],
)
def test_limits_that_do_not_go_together_are_refused(limits: Limits, conflict: str | None) -> None:
    """Each is in its range, and yet one would make another meaningless."""
    found = conflict_in(limits)
    assert found is None if conflict is None else found is not None and found.startswith(conflict)
