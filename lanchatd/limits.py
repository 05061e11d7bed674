"""Every limit of the daemon: its default, its unit, the range it may have, and where the number comes from.

One table: the options of ``twistd lanchat`` are made from it, and a test holds docs/running.md to it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import Field, dataclass, field, fields
from typing import Any


def _limit(default: float, unit: str, least: float, most: float, what: str, why: str) -> Any:
    return field(
        default=default,
        metadata={"unit": unit, "least": least, "most": most, "what": what, "why": why},
    )


@dataclass
class Limits:
    """What keeps the daemon up. Counts and bytes are whole numbers; seconds and rates may have fractions.

    There is one of these in a daemon, and whoever keeps to a limit reads it when it counts: an administrator
    may change it at any time.

    The upper ends are what was thought through, not what the code can count to.
    """

    max_line_bytes: int = _limit(
        4_096, "bytes", 64, 65_536,
        "the longest line, without its end; what is longer is refused and thrown away as it comes",
        "a page of text; past 64 KiB the splitting of lines grows with the square (measured)",
    )  # fmt: skip
    max_long_lines: int = _limit(
        10, "lines a minute", 1, 10_000,
        "too long lines of one connection in a minute, the last of which closes it",
        "a paste gone wrong is a few; ten a minute is a program that does not listen",
    )  # fmt: skip
    nick_timeout_s: float = _limit(
        60, "s", 0.1, 3_600,
        "time to give a nick",
        "a person reads the greeting and types a word in well under a minute",
    )  # fmt: skip
    tls_handshake_s: float = _limit(
        10, "s", 0.1, 600,
        "time for the handshake of TLS",
        "three round trips, at most, over the worst of Wi-Fi",
    )  # fmt: skip
    lines_per_s: float = _limit(
        5, "lines/s", 0.1, 100_000,
        "rate of one connection, in lines",
        "faster than anybody types",
    )  # fmt: skip
    burst_lines: int = _limit(
        20, "lines", 1, 1_000_000,
        "lines that may come at once before the rate counts",
        "a pasted paragraph, or what a client sends again after a lost connection",
    )  # fmt: skip
    bytes_per_s: int = _limit(
        65_536, "bytes/s", 64, 1_000_000_000,
        "rate of one connection, in bytes; one second's worth may come at once",
        "sixteen of the longest lines a second",
    )  # fmt: skip
    flood_timeout_s: float = _limit(
        10, "s", 0.1, 3_600,
        "how long a connection may go on over its rate before it is closed",
        "time for a person to read the first refusal and stop",
    )  # fmt: skip
    keepalive_s: float = _limit(
        120, "s", 8, 7_200,
        "a peer that answers nothing for this long is gone (TCP keepalive and TCP_USER_TIMEOUT)",
        "a laptop that changes from cable to Wi-Fi is back within two minutes",
    )  # fmt: skip
    chunk_bytes: int = _limit(
        65_536, "bytes", 4_096, 1_048_576,
        "what is held in memory for one lagging member",
        "what the kernel takes in one go with the default send buffer",
    )  # fmt: skip
    send_buffer_bytes: int = _limit(
        65_536, "bytes", 4_096, 16_777_216,
        "what the kernel holds for one connection (SO_SNDBUF)",
        "300 stalled readers held 861 MiB in the kernel by default, 86 MiB with this (measured)",
    )  # fmt: skip
    stall_timeout_s: float = _limit(
        60, "s", 0.1, 3_600,
        "a lagging member whose socket took nothing for this long is closed",
        "longer than a phone sleeps between two polls of its radio",
    )  # fmt: skip
    direct_bytes: int = _limit(
        262_144, "bytes", 65_536, 16_777_216,
        "private messages and answers that wait for one member; over it the member is closed",
        "four chunks; other servers cut at 32 KiB (ngIRCd), 96 KiB (Ergo) and 1 MiB (InspIRCd)",
    )  # fmt: skip
    irc_line_bytes: int = _limit(
        4_096, "bytes", 128, 65_536,
        "the longest text in a line that IRC clients are told; what is longer is cut for them",
        "irssi, WeeChat and bots show as much in one line (tried); 400 is for clients of the last century",
    )  # fmt: skip
    max_connections: int = _limit(
        10_000, "connections", 1, 1_000_000,
        "connections at once, members or not",
        "a large site, at 6 KiB each; the limit of open files may allow fewer",
    )  # fmt: skip
    max_per_address: int = _limit(
        64, "connections", 1, 1_000_000,
        "connections at once from one address",
        "a classroom behind one router",
    )  # fmt: skip
    max_unnamed: int = _limit(
        256, "connections", 1, 1_000_000,
        "connections that have given no nick yet; more wait to be accepted, and silent ones give way",
        "10,000 that come back at once are through in 3 s; 256 handshakes of TLS hold 12 MiB (measured)",
    )  # fmt: skip
    log_events: int = _limit(
        10_000, "events", 1, 10_000_000,
        "events that the log of one room holds in memory; the oldest go",
        "a busy day of a busy room",
    )  # fmt: skip
    log_bytes: int = _limit(
        4_194_304, "bytes", 4_096, 4_294_967_296,
        "bytes of text and nicks that the log of one room holds in memory; the oldest go",
        "a thousand rooms stay within what a small server has, as they never are all full",
    )  # fmt: skip
    log_total_bytes: int = _limit(
        67_108_864, "bytes", 65_536, 1_000_000_000_000,
        "bytes that the logs of all rooms hold in memory, with 300 an event; the oldest of the fullest go",
        "nine rooms that are full, or 64 KiB in each of a thousand; a small server has eight times as much",
    )  # fmt: skip
    keep_days: int = _limit(
        36_500, "days", 1, 36_500,
        "how long lines are kept on disk; older ones go for good",
        "a hundred years, which is for ever unless somebody says otherwise",
    )  # fmt: skip
    keep_events: int = _limit(
        1_000_000_000, "events", 1, 1_000_000_000,
        "events of one room that are kept on disk; the oldest go for good",
        "thirty years of a line a second, which is for ever unless somebody says otherwise",
    )  # fmt: skip
    keep_bytes: int = _limit(
        1_073_741_824, "bytes", 65_536, 100_000_000_000_000,
        "bytes of all rooms that are kept on disk, with 100 a line; the oldest of the fullest go for good",
        "1 GiB: five million lines, and with their index what a small server has to spare",
    )  # fmt: skip
    min_free_bytes: int = _limit(
        67_108_864, "bytes", 1, 1_000_000_000_000,
        "space that is left free on the disk of the log: below it lines are refused",
        "64 MiB: the log is put in order without failing, and other programs go on",
    )  # fmt: skip
    max_rooms: int = _limit(
        1_000, "rooms", 1, 1_000_000,
        "rooms with somebody in them; an empty one is put away, and only its log is kept",
        "more than anybody reads the list of",
    )  # fmt: skip
    rooms_per_h: int = _limit(
        20, "rooms/h", 1, 1_000_000,
        "rooms that one address makes in an hour",
        "a new one every three minutes: more than people do, and a program is soon told so",
    )  # fmt: skip
    max_rooms_per_session: int = _limit(
        50, "rooms", 1, 1_000,
        "rooms that one connection is in at the same time",
        "more than anybody follows; each costs 100 bytes",
    )  # fmt: skip
    ref_memory_s: float = _limit(
        600, "s", 1, 86_400,
        "how long a line sent again with its ref is known",
        "ten minutes: a client that is away for longer says it again",
    )  # fmt: skip
    max_refs: int = _limit(
        65_536, "refs", 1, 10_000_000,
        "refs that are known at once; the oldest go",
        "20 lines each of 3,000 clients; about 20 MiB",
    )  # fmt: skip
    max_accounts: int = _limit(
        10_000, "accounts", 1, 1_000_000,
        "nicks that belong to somebody",
        "as many as may be connected; they take 16 MiB",
    )  # fmt: skip
    max_devices: int = _limit(
        16, "devices", 1, 1_000,
        "keys that prove one account",
        "more machines than anybody sits at",
    )  # fmt: skip
    max_account_sessions: int = _limit(
        16, "connections", 1, 1_000_000,
        "connections of one owner at once",
        "as many as devices",
    )  # fmt: skip
    max_account_codes: int = _limit(
        3, "codes", 1, 1_000,
        "codes of one account that are open at once",
        "one for each device that is being set up",
    )  # fmt: skip
    max_codes: int = _limit(
        1_000, "codes", 1, 1_000_000,
        "codes that are open at once, invitations included",
        "with 50 random bits each, a guess is right once in 10 to the 12",
    )  # fmt: skip
    code_s: float = _limit(
        600, "s", 1, 86_400,
        "how long a code for another device works",
        "time to walk over to it and type ten characters",
    )  # fmt: skip
    code_days: int = _limit(
        7, "days", 1, 365,
        "how long a code that an administrator gave works",
        "who gets it on a Friday uses it by the next",
    )  # fmt: skip
    account_days: int = _limit(
        365, "days", 1, 36_500,
        "how long an account that nobody uses is kept; not those of operators, and that administrators made",
        "who is away for a year has left, or has a new name",
    )  # fmt: skip
    held_days: int = _limit(
        30, "days", 1, 36_500,
        "how long nobody can take a nick after its account got another name or went",
        "until nobody takes the new one for the old",
    )  # fmt: skip
    secret_tries: int = _limit(
        5, "tries a minute", 1, 1_000_000,
        "wrong passwords and codes of one address in a minute, the last of which locks it out of them",
        "a person mistypes twice, and looks at the keyboard the third time",
    )  # fmt: skip
    account_tries: int = _limit(
        10, "tries an hour", 1, 1_000_000,
        "wrong passwords for one account in an hour, the last of which locks it: keys and codes go on",
        "240 guesses a day from any number of addresses",
    )  # fmt: skip
    secret_lockout_s: float = _limit(
        900, "s", 1, 604_800,
        "for how long then",
        "a quarter of an hour: short for an owner, long for who guesses",
    )  # fmt: skip
    registrations_per_h: int = _limit(
        3, "accounts/h", 1, 1_000_000,
        "accounts that one address registers in an hour",
        "a family at one machine",
    )  # fmt: skip
    shutdown_s: float = _limit(
        5, "s", 0.1, 60,
        "time to tell everybody at shutdown; what has not drained by then is aborted",
        "well within the 90 s (systemd) and 10 s (containers) that a service is given to stop",
    )  # fmt: skip
    admin_login_s: float = _limit(
        30, "s", 0.1, 600,
        "time to log in to the administrators' console",
        "a key that is kept on a token has to be touched",
    )  # fmt: skip
    admin_tries: int = _limit(
        3, "tries", 1, 100,
        "keys that one address may try in vain before the console refuses it; a connection gets as many",
        "an administrator has one or two keys",
    )  # fmt: skip
    admin_lockout_s: float = _limit(
        3_600, "s", 1, 604_800,
        "how long the console refuses an address that tried too often",
        "guessing gets three tries an hour; a change of the keys file lets it in at once",
    )  # fmt: skip
    admin_waiting: int = _limit(
        4, "connections", 1, 1_000,
        "connections to the console that have not logged in yet",
        "administrators are few",
    )  # fmt: skip


def option_name(limit: Field[Any]) -> str:
    """The long option that sets a limit, without its dashes: ``max_line_bytes`` is ``max-line-bytes``."""
    return limit.name.replace("_", "-")


def each_limit() -> Iterator[Field[Any]]:
    """The fields of `Limits`, in order; ``unit``, ``least``, ``most``, ``what``, ``why`` are the metadata."""
    yield from fields(Limits)


def limit_from(limit: Field[Any], text: str) -> float:
    """What was given for a limit, as a number of its kind.

    Raises ValueError with a sentence for the person who typed it.
    """
    kind: type[int] | type[float] = int if limit.type == "int" else float
    least, most = limit.metadata["least"], limit.metadata["most"]
    # Not all that Python takes for a number: "1_000", "nan" and digits of any script are typing errors here.
    number = (
        kind(text)
        if re.fullmatch(r"[0-9]{1,15}" if kind is int else r"[0-9]{1,15}(\.[0-9]{1,6})?", text)
        else -1
    )
    if not least <= number <= most:
        whole = "a whole number" if kind is int else "a number"
        raise ValueError(f"{text!r} is not {whole} of {limit.metadata['unit']} from {least:,} to {most:,}")
    return number


def conflict_in(limits: Limits) -> str | None:
    """What is wrong with limits that are each in their range, in one line; None if nothing is."""
    if limits.direct_bytes < 2 * limits.chunk_bytes:
        return "--direct-bytes has to be at least twice --chunk-bytes: an answer may be a chunk"
    if limits.bytes_per_s <= limits.max_line_bytes:
        return "--bytes-per-s has to be more than --max-line-bytes: the longest line has to fit in a second"
    return None
