"""Which keys a configuration has: one function for each section.

Owns: names, ranges and what belongs together. Does not own: spellings (`warmup.config.values`), shapes
(`warmup.config.tree`), or reasons (`data/warmup.toml`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import time, timedelta
from pathlib import Path

from warmup.content import Style
from warmup.curves import Ramp
from warmup.plan import Habits, Hours, Policy
from warmup.throttle import Waits

from .directory import directory
from .document import Table
from .shelf import languages
from .tree import Alerts, Naming, Preset, Reading, Service, Submission, Web, why_not
from .values import (
    address,
    boolean,
    choice,
    clock,
    duration,
    each,
    either,
    entries,
    existing,
    matching,
    number,
    path,
    text,
    weekdays,
    whole,
    wrong,
)

_WORKDAYS = frozenset(range(5))
_share = number(0, 1)
_days = whole(0, 10_000)
_timeout = duration("1s", "1h")
_interval = duration("1s", "1h")
_wait = duration("1m", "7d")
_domain = matching(r"[^\s@]+\.[^\s@.]+", 'a domain, like "example.org"')
_speaker = matching(r"([^\s@]+@)?[^\s@]+\.[^\s@.]+", "an address or a domain")
_provider = matching(r"[a-z0-9.-]+", 'a provider\'s name, like "google", or a domain')
_label = matching(r"X-[A-Za-z0-9-]+", 'a header field of your own, beginning with X-, like "X-Warmup"')
_tag = matching(r"[^\s\x00-\x1f\x7f-\x9f]( ?[^\s\x00-\x1f\x7f-\x9f]){0,29}", 'up to 30 characters, like "[warm-up]"')
_folder = matching(r"(?i)(?!(inbox|junk|spam|trash|sent|drafts)$).+", "the name of a folder for this mail alone")
_name_server = address(53, '"192.0.2.53" or "192.0.2.53:5353"')
listening = address(8025, '"127.0.0.1:8025"', least=0)  # 0: any that is free
_origin = matching(
    r"https?://[a-z0-9.-]+(:\d{1,5})?", 'where browsers find it, like "https://warmup.example.org", without a path'
)
_host = matching(r"[A-Za-z0-9.-]+|\[[A-Za-z0-9.:]+\]", 'a host name, or an address in brackets: "[192.0.2.1]"')


def database(table: Table, base: Path, state: Path) -> tuple[str, Path]:
    """The URL, and the directory that credentials are in unless something else is said."""

    def read(value: object) -> str:
        # What is wrong isn't shown: the URL may hold a password.
        scheme, _, rest = value.partition("://") if isinstance(value, str) and value.isprintable() else ("", "", "")
        engine = scheme.partition("+")[0]
        if engine == "postgresql" and rest.strip("/"):
            return str(value)
        file, question, query = rest[1:].partition("?")
        if engine == "sqlite" and rest.startswith("/") and file not in {"", ":memory:"}:
            return f"{scheme}:///{base / file}{question}{query}"
        raise wrong("isn't the URL of a database; write sqlite:///PATH or postgresql://USER@HOST/NAME")

    url = table.take("database", read, f"sqlite:///{state / 'warmup.db'}")
    scheme, _, rest = url.partition(":///")
    return url, Path(rest.partition("?")[0]).parent if scheme.startswith("sqlite") else state


def secrets(table: Table, base: Path, beside: Path) -> tuple[Path, Path | None]:
    """The directory that credentials are in, and the file with their key if it has a place of its own."""
    credentials = table.take("credentials", path(base), beside / "credentials")
    key = table.take("key", path(base), None)
    if key is not None and key.absolute().is_relative_to(credentials.absolute()):
        table.mistake("key", f"is among the credentials that it opens; write a path outside of {credentials}")
    return credentials, key


def ramps(table: Table, presets: Mapping[str, Preset]) -> tuple[str, Mapping[str, Ramp]]:
    """The default curve's name, and a ramp for every curve that may be used."""
    curve = table.take("curve", text, "steady")
    scale = table.take("scale", number(0.0001, 1000), 1.0)
    cap = table.take("cap", whole(1, 10**6), None)
    usual = Ramp(
        curve=presets["steady"].curve,
        cap=cap,
        jitter=table.take("jitter", number(0, 0.5), 0.1),
        maintain_after=table.take("maintain_after", _days, 30),
        maintain=table.take("maintain", either, 1.0),
        idle_grace=table.take("idle_grace", _days, 14),
        idle_loss=table.take("idle_loss", _days, 1),
    )
    usable = {
        name: replace(usual, curve=replace(preset.curve, scale=scale))
        for name, preset in presets.items()
        if cap is not None or not preset.needs_cap
    }
    if curve not in usable:
        table.mistake("curve", why_not(curve, presets))
    return curve, usable


def hours(table: Table) -> Hours:
    days = table.take("days", weekdays, _WORKDAYS)
    opens = table.take("from", clock, time(8, 30))
    closes = table.take("to", clock, time(17, 30))
    if closes <= opens:
        table.mistake("to", f'closes at {closes:%H:%M}, before it opens; write a time after from = "{opens:%H:%M}"')
    return Hours(days, opens, closes)


def replies(table: Table) -> tuple[float, int, Habits]:
    """The share of messages that are answered, how long a conversation may get, and how slow people are."""
    rate = table.take("rate", _share, 0.3)
    max_turns = table.take("max_turns", whole(1, 100), 6)
    read = table.take("read", duration("1s", "2d"), timedelta(minutes=40))
    think = table.take("think", duration("0s", "2d"), timedelta(minutes=20))
    return rate, max_turns, Habits(read, think)


def pool(table: Table, hours: Hours, answers: tuple[float, int, Habits]) -> tuple[Policy, dict[str, str]]:
    """How the pool lives, but for what it talks about; and which provider receives for which domain."""
    rate, max_turns, habits = answers
    policy = Policy(
        hours=hours,
        gap=table.take("gap", duration("1s", "12h"), timedelta(minutes=5)),
        habits=habits,
        rate=rate,
        max_turns=max_turns,
        inbound_cap=table.take("inbound_cap", whole(1, 10**6), 40),
        weights=table.take("weights", entries(_provider, number(0, 1000)), {}),
        scenarios={},
    )
    own = table.take("providers", entries(_domain, _provider), {})
    return policy, {**directory().receivers, **{domain.lower(): provider for domain, provider in own.items()}}


def mail(table: Table, base: Path) -> tuple[str, Path | None, str, dict[str, str]]:
    """The label, the directory of the operator's own templates, the default language and those of addresses and
    domains.
    """
    label = table.take("label", _label, "X-Warmup")
    templates = table.take("templates", existing(base, folder=True), None)
    spoken = choice(*sorted(languages(templates)))
    language = table.take("language", spoken, "en")
    speakers = table.take("languages", entries(_speaker, spoken), {})
    return label, templates, language, {name.lower(): code for name, code in speakers.items()}


def style(table: Table) -> Style:
    usual = Style()
    return Style(
        tag=table.take("subject_tag", _tag, usual.tag),
        html=table.take("html", _share, usual.html),
        auto_submitted=table.take("auto_submitted", boolean, usual.auto_submitted),
    )


def submission(table: Table) -> Submission:
    usual = Submission()
    return Submission(
        connect=_seconds(table, "connect", usual.connect),
        command=_seconds(table, "command", usual.command),
        data=_seconds(table, "data", usual.data),
        dot=_seconds(table, "dot", usual.dot),
        hello=table.take("hello", _host, usual.hello),
        late=table.take("late", duration("1m", "1d"), usual.late),
        connections_per_host=table.take("connections_per_host", whole(1, 100), usual.connections_per_host),
    )


def reading(mail: Table, imap: Table) -> Reading:
    usual = Reading()
    return Reading(
        connect=_seconds(imap, "connect", usual.connect),
        command=_seconds(imap, "command", usual.command),
        folder=mail.take("folder", _folder, usual.folder),
        file_after=mail.take("file_after", duration("0s", "365d"), usual.file_after),
        looks=mail.take("looks", each(_wait), usual.looks),
        asks=mail.take("asks", each(_wait), usual.asks),
        sent_copy=mail.take("sent_copy", boolean, usual.sent_copy),
        count_sent=mail.take("count_sent", boolean, usual.count_sent),
        flagged=mail.take("flagged", _share, usual.flagged),
        unread=mail.take("unread", _share, usual.unread),
    )


def naming(table: Table) -> Naming:
    usual = Naming()
    return Naming(
        servers=table.take("servers", each(_name_server), usual.servers),
        timeout=_seconds(table, "timeout", usual.timeout),
    )


def mta(table: Table, base: Path) -> str | None:
    """The log of the operator's own MTA: a file's path, or "journal"."""

    def read(value: object) -> str:
        return "journal" if value == "journal" else str(path(base)(value))

    return table.take("log", read, None)


def waits(table: Table) -> Waits:
    usual = Waits()
    return Waits(
        mailbox=table.take("mailbox", _wait, usual.mailbox),
        lane=table.take("lane", _wait, usual.lane),
        recipient=table.take("recipient", _wait, usual.recipient),
        connections=table.take("connections", _wait, usual.connections),
        retry=table.take("retry", _wait, usual.retry),
        setback=table.take("setback", _share, usual.setback),
        reputation=table.take("reputation", _share, usual.reputation),
        quota=table.take("quota", _share, usual.quota),
    )


def alerts(table: Table) -> Alerts:
    usual = Alerts()
    return Alerts(
        holds=table.take("alert_holds", whole(1, 1000), usual.holds),
        within=table.take("alert_within", duration("1h", "90d"), usual.within),
        unreachable=table.take("alert_unreachable", duration("1m", "30d"), usual.unreachable),
    )


def service(table: Table) -> Service:
    usual = Service()
    return Service(
        stop_within=table.take("stop_within", duration("1s", "1h"), usual.stop_within),
        silent=table.take("silent", duration("5s", "1h"), usual.silent),
        log=table.take("log", choice("text", "json"), usual.log),
        event_loop=table.take("event_loop", choice("auto", "asyncio", "uvloop"), usual.event_loop),
        planner=_seconds(table, "planner", usual.planner),
        sender=_seconds(table, "sender", usual.sender),
        reader=_seconds(table, "reader", usual.reader),
    )


def web(table: Table, base: Path, beside: Path) -> Web:
    usual = Web(token=beside / "web.token")
    return Web(
        listen=table.take("listen", listening, usual.listen),
        origin=table.take("origin", _origin, usual.origin),
        token=table.take("token", path(base), usual.token),
    )


def _seconds(table: Table, key: str, default: float) -> float:
    return table.take(key, duration("1s", "1h"), timedelta(seconds=default)).total_seconds()
