"""/metrics: where the pool stands, for Prometheus.

Counted in the database when it is asked for, so a restart loses nothing; a mailbox that is purged takes its counts with
it. Labels are mailboxes and domains of the pool, scopes, causes, placements and levels: never a message, a server's
words or a rule.

Owns: names, help and labels. Does not own: the numbers (`warmup.view.pool`).
Sources: https://prometheus.io/docs/practices/naming/, https://prometheus.io/docs/instrumenting/writing_exporters/.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from warmup import __version__
from warmup.dns import Level
from warmup.model import Cause, Pause, Placement, Scope

from .desk import Health
from .examined import Examined

Row = Mapping[str, Any]

_COUNTED = {
    "sent": "Messages that the mailbox's submission server accepted.",
    "missing": "Accepted messages that were never seen at the receiving end, or came back.",
    "opened": "Messages that their recipients have opened.",
    "rescued": "Messages moved from Junk to the inbox.",
    "answered": "Messages whose answer was accepted.",
}
_NOW = {
    "day_sent": ("sent_today", "Messages sent on the mailbox's local day."),
    "day_allowance": ("allowance", "Messages that the mailbox may send on its local day; none before it is planned."),
    "day_others": ("others", "Of the day's allowance, what other programs have used or reserved."),
    "curve_day": ("day", "The mailbox's sending day on its curve; none before its first."),
    "messages_uncertain": ("uncertain", "Messages of which nobody can say yet whether they were accepted."),
}


class Facts(Collector):
    """Of one moment."""

    def __init__(
        self, rows: Sequence[Row], pauses: Sequence[Pause], domains: Sequence[Examined], health: Health
    ) -> None:
        self._rows = rows
        self._domains = domains
        self._pauses = pauses
        self._health = health

    def collect(self) -> Iterator[Metric]:
        yield InfoMetricFamily("warmup_build", "The program.", {"version": __version__})
        yield _gauge("warmup_daemon_working", "1 while a daemon holds the database.", float(self._health.served))
        behind = float(self._health.behind_since is not None)
        yield _gauge("warmup_daemon_behind", "1 if something waits that a daemon would have dealt with.", behind)
        yield _gauge("warmup_mailboxes", "Mailboxes of the pool.", len(self._rows))
        yield self._holds()
        yield self._findings()
        for name, told in _COUNTED.items():
            counter = CounterMetricFamily(f"warmup_messages_{name}", told, labels=["mailbox"])
            for row in self._rows:
                counter.add_metric([row["mailbox"]], row[name])
            yield counter
        yield self._found()
        for name, (key, told) in _NOW.items():
            gauge = GaugeMetricFamily(f"warmup_{name}", told, labels=["mailbox"])
            for row in self._rows:
                if row[key] is not None:
                    gauge.add_metric([row["mailbox"]], row[key])
            yield gauge
        yield from self._arrival()
        held = GaugeMetricFamily("warmup_mailbox_held", "1 while all it would send is held.", labels=["mailbox"])
        for row in self._rows:
            held.add_metric([row["mailbox"]], float(row["held"] == "all"))
        yield held

    def _arrival(self) -> Iterator[Metric]:
        """None where there is nothing to have a share of, or too little for a score."""
        told = "Share of the last 7 days' messages, of those looked for, that were found in the inbox."
        share = GaugeMetricFamily("warmup_inbox_ratio", told, labels=["mailbox"])
        behind = GaugeMetricFamily("warmup_inbox_ratio_messages", "Messages behind that share.", labels=["mailbox"])
        score = GaugeMetricFamily("warmup_health_score", "0 to 100; the formula is in the README.", labels=["mailbox"])
        for row in self._rows:
            behind.add_metric([row["mailbox"]], row["placement"]["messages"])
            if row["placement"]["share"] is not None:
                share.add_metric([row["mailbox"]], row["placement"]["share"])
            if row["health"] is not None:
                score.add_metric([row["mailbox"]], row["health"])
        yield from (share, behind, score)

    def _found(self) -> Metric:
        told = "Messages of the mailbox, by where they were first found."
        found = CounterMetricFamily("warmup_messages_found", told, labels=["mailbox", "placement"])
        for row in self._rows:
            for placement in Placement:
                found.add_metric([row["mailbox"], placement], row[placement])
        return found

    def _findings(self) -> Metric:
        told = "What the domain's last examination found."
        found = GaugeMetricFamily("warmup_findings", told, labels=["domain", "level"])
        for one in self._domains:
            for level in (Level.WARNING, Level.ERROR):
                if one.at is not None:
                    found.add_metric([one.domain, str(level)], one.count(level))
        return found

    def _holds(self) -> Metric:
        counts = Counter((pause.scope, pause.cause) for pause in self._pauses)
        gauge = GaugeMetricFamily("warmup_pauses", "Pauses that hold now.", labels=["scope", "cause"])
        for scope in Scope:
            for cause in Cause:
                gauge.add_metric([scope, cause], counts[scope, cause])
        return gauge


def exposition(facts: Facts, accept: str) -> tuple[bytes, str]:
    """In the form that is asked for, and its media type."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(facts)
    encode, kind = choose_encoder(accept)
    return encode(registry), kind


def _gauge(name: str, told: str, value: float) -> Metric:
    return GaugeMetricFamily(name, told, value=value)
