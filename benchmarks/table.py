"""The measurements as text for people, and as JSON for programs."""

from __future__ import annotations

import json
import platform
from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, datetime
from statistics import median

from benchmarks.claims import Claim
from benchmarks.load import Answer
from benchmarks.loads import HANDSHAKES, cpu_s_per_million, deliveries_per_s, handshakes_per_s
from benchmarks.sitting import Measured

# Of the load average. Above this others were at work: figures by the clock are then theirs too.
QUIET = 0.5

# Of the load generator's core. Above this it may be what limits.
LOAD_SHARE = 0.95

HEAD = ("load", "server", "deliveries/s", "CPU s/million", "p50 ms", "p99 ms", "bytes a member", "load's CPU")
WIDTHS = (58, 23, 13, 14, 8, 8, 15, 11)


def text(measured: Measured, claims: Iterable[Claim]) -> str:
    """Medians, a line for each load and server, and then what they are held to."""
    lines = [_row(HEAD)]
    lines += [_row(_cells(load, server, runs)) for (load, server), runs in measured.runs.items() if load]
    lines += ["", f"{'what it must reach':<72} {'reached':>9} {'by CPU':>9}"]
    for claim in claims:
        by_cpu = "" if claim.by_cpu is None else f"{claim.by_cpu:.2f}"
        held = ""
        if claim.bound is not None:
            bound = f"{'≤' if claim.at_most else '≥'} {claim.bound:g}"
            held = f"{bound:<7} {'holds' if claim.holds else 'MISSED'}"
        lines.append(f"{claim.what:<72} {claim.value:>9,.2f} {by_cpu:>9}   {held}".rstrip())
    lines += ["", *measured.missing]
    lines += [
        f"The load generator may have been what limits: {load}, {server}."
        for (load, server), runs in measured.runs.items()
        if max(run["load_cpu_share"] for run in runs) > LOAD_SHARE
    ]
    if measured.busy_before > QUIET:
        lines.append(
            f"Not quiet: other programs wanted {measured.busy_before:.1f} cores. Compare CPU time only."
        )
    return "\n".join(lines).rstrip() + "\n"


def _row(cells: Iterable[str]) -> str:
    load, server, *numbers = (cell for cell in cells)
    row = [load.ljust(WIDTHS[0]), server.ljust(WIDTHS[1])]
    return " ".join(row + [number.rjust(width) for number, width in zip(numbers, WIDTHS[2:], strict=True)])


def _cells(load: str, server: str, runs: list[Answer]) -> tuple[str, ...]:
    """Medians; nothing where something was not measured."""

    def shown(form: str, name: str) -> str:
        return format(median(run[name] for run in runs), form) if name in runs[0] else ""

    per_s = handshakes_per_s if load == HANDSHAKES else deliveries_per_s
    done = "handshakes" in runs[0] or bool(runs[0].get("deliveries"))
    return (
        load,
        server,
        format(median(map(per_s, runs)), ",.0f") if done else "",
        format(median(map(cpu_s_per_million, runs)), ",.2f") if done else "",
        shown(".1f", "p50_ms"),
        shown(".1f", "p99_ms"),
        shown(",.0f", "memory_per_member_bytes"),
        format(max(run["load_cpu_share"] for run in runs), ".0%"),
    )


def document(measured: Measured, claims: Iterable[Claim], quick: bool) -> str:
    """All runs, in JSON; `load.c` names the fields and their units."""
    runs = [
        {"load": load, "server": server, "runs": runs}
        for (load, server), runs in measured.runs.items()
        if load
    ]
    found = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {"system": platform.platform(), "python": platform.python_version()},
        "quick": quick,
        "busy_before": measured.busy_before,
        "missing": measured.missing,
        "claims": [asdict(claim) | {"holds": claim.holds} for claim in claims],
        "measured": runs,
    }
    return json.dumps(found, indent=1, ensure_ascii=False) + "\n"
