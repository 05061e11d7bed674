"""Metrics, as Prometheus reads them: numbers only, without a nick, a room, an address or a text.

Imported only where they are asked for, as the library takes 10 MiB.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from http import HTTPStatus
from ipaddress import IPv4Network, IPv6Network, ip_address

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector as RegistryCollector

from lanchatd import __version__
from lanchatd.chat.counts import Histogram
from lanchatd.doors.web.messages import Answer, Request
from lanchatd.service.figures import Collector, DaemonFigures

# What a proxy on this machine adds: who asks is somebody else, who may be anywhere.
_BY_PROXY = ("forwarded", "via", "x-forwarded-for", "x-real-ip")


class Metrics:
    """Answers who may ask: this machine, and those of the ``networks``."""

    def __init__(self, collector: Collector, networks: Sequence[IPv4Network | IPv6Network] = ()) -> None:
        self._networks = networks
        self._registry = CollectorRegistry()
        self._registry.register(_Families(collector))
        ProcessCollector(registry=self._registry)

    def answer(self, request: Request) -> Answer | None:
        """The numbers, as OpenMetrics for who asks for that; None if who asks is not to have them."""
        if not self._may_ask(request):
            return None
        encode, kind = choose_encoder(",".join(request.words("accept")))
        headers = (("Content-Type", kind), ("Cache-Control", "no-store"))
        return Answer(HTTPStatus.OK, headers, encode(self._registry))

    def _may_ask(self, request: Request) -> bool:
        if request.peer is None or any(name in _BY_PROXY for name, _ in request.headers):
            return False
        if request.peer.local or request.peer.address is None:
            return True
        address = ip_address(request.peer.address.partition("%")[0])
        return any(address in network for network in self._networks)


class _Families(RegistryCollector):
    def __init__(self, collector: Collector) -> None:
        self._collector = collector

    def collect(self) -> Iterator[Metric]:
        figures = self._collector.collect()
        yield InfoMetricFamily("lanchat_build", "The version that runs.", {"version": __version__})
        yield from _of_the_chat(figures)
        yield from _of_the_daemon(figures)


def _of_the_chat(figures: DaemonFigures) -> Iterator[Metric]:
    chat, counts = figures.chat, figures.counts
    sessions = GaugeMetricFamily(
        "lanchat_sessions", "Connections of users, by their door.", labels=("door", "encrypted")
    )
    for (door, encrypted), count in sorted(chat.sessions.items()):
        sessions.add_metric((door, "yes" if encrypted else "no"), count)
    yield sessions
    yield GaugeMetricFamily("lanchat_users", "Nicks that are here.", chat.users)
    yield GaugeMetricFamily("lanchat_rooms", "Rooms with somebody in them.", chat.rooms)
    yield GaugeMetricFamily("lanchat_lagging_sessions", "Sessions whose sockets take no more.", chat.lagging)
    yield GaugeMetricFamily(
        "lanchat_behind_lines", "Lines that lagging sessions were not given yet.", chat.behind_lines
    )
    yield GaugeMetricFamily(
        "lanchat_direct_bytes", "Private messages and answers that wait for them, in bytes.",
        chat.direct_bytes,
    )  # fmt: skip
    yield CounterMetricFamily("lanchat_lines_said", "Lines said in all rooms.", chat.lines_said)
    yield _by("lanchat_deliveries", "Events given to sessions, by their door.", "door", counts.deliveries)
    yield _by("lanchat_refused_lines", "Lines refused, by the code of why.", "code", counts.refused)
    yield _histogram("lanchat_fan_out_seconds", "To tell a room what was said in one turn.", counts.fan_out)
    yield _histogram("lanchat_append_seconds", "Until what was said was in the log.", counts.append)


def _of_the_daemon(figures: DaemonFigures) -> Iterator[Metric]:
    counts = figures.counts
    yield GaugeMetricFamily("lanchat_connections", "Connections, also without a nick.", figures.connections)
    yield CounterMetricFamily("lanchat_connections_made", "Connections let in.", figures.connections_made)
    yield _by("lanchat_closed", "Connections that ended, by the code of why.", "reason", counts.closed)
    yield _by("lanchat_turned_away", "Connections not let in, by the code.", "code", counts.turned_away)
    yield CounterMetricFamily("lanchat_floods", "Times that somebody began to send too fast.", counts.floods)
    yield CounterMetricFamily(
        "lanchat_console_lockouts", "Addresses that the console began to refuse.", counts.console_lockouts
    )
    yield GaugeMetricFamily(
        "lanchat_log_trouble", "1 while lines are refused, as the log can't be written.",
        figures.log_trouble is not None,
    )  # fmt: skip
    if figures.log_bytes is not None:
        yield GaugeMetricFamily("lanchat_log_bytes", "The log on disk, in bytes.", figures.log_bytes)
    yield CounterMetricFamily(
        "lanchat_slow_turns", "Turns of the reactor over 20 ms that one of ten looks a second fell into.",
        counts.slow_turns,
    )  # fmt: skip
    yield GaugeMetricFamily(
        "lanchat_certificate_expires_seconds", "When the TLS certificate ends, in Unix time.",
        figures.certificate_until,
    )  # fmt: skip


def _by(name: str, what: str, label: str, counts: dict[str, int]) -> Metric:
    family = CounterMetricFamily(name, what, labels=(label,))
    for value, count in sorted(counts.items()):
        family.add_metric((value,), count)
    return family


def _histogram(name: str, what: str, histogram: Histogram) -> Metric:
    so_far, buckets = 0, []
    for bound, count in zip((*map(str, histogram.bounds), "+Inf"), histogram.counts, strict=True):
        so_far += count
        buckets.append((bound, so_far))
    return HistogramMetricFamily(name, what, buckets, sum_value=histogram.total_s)
