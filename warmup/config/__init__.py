"""What should be: one TOML file, read and checked as a whole, as a frozen tree of values.

A mistake is reported as "FILE:LINE: KEY: what is wrong; what would be right", one line each and all that there are. A
configuration is good as a whole or not at all: `load` returns a `Config` or raises `ConfigError`, so that whoever
reloads can keep the old one.

Owns: the file's keys and defaults, search orders, and the data packed with the program. Reads only; writes nothing.
Does not own: mailboxes (`warmup.store`), secrets (`warmup.secrets`), what the values do (the core packages).
Sources: TOML 1.0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from . import sections
from .clients import clients
from .directory import Directory, Known, directory
from .document import Document
from .examined import doctor
from .hosters import Hoster, hoster
from .placed import placement
from .places import locate, state, template
from .presets import own, shipped
from .rulebook import rulebook
from .shelf import corpus, phrases
from .told import Notify, notify
from .tree import Alerts, Blocklist, Config, Doctor, Naming, Preset, Reading, Service, Submission, Web
from .values import existing

__all__ = [
    "Alerts",
    "Blocklist",
    "Config",
    "Directory",
    "Doctor",
    "Hoster",
    "Known",
    "Naming",
    "Notify",
    "Preset",
    "Reading",
    "Service",
    "Submission",
    "Web",
    "directory",
    "hoster",
    "load",
    "locate",
    "phrases",
    "template",
]


def load(file: Path | None, environ: Mapping[str, str]) -> Config:
    """The configuration in `file`; None gives the defaults. Paths in it are relative to its own directory.

    Raises `ConfigError` with every mistake of the file, or with the first of an own template.
    """
    document = Document.read(file) if file else Document("defaults")
    base = file.absolute().parent if file else Path.cwd()
    with document.root as root:
        database, beside = sections.database(root, base, state(environ))
        credentials, key = sections.secrets(root, base, beside)
        authorities = root.take("authorities", existing(base, folder=False), None)
        with root.table("curves") as table:
            presets = {**shipped(), **own(table.tables())}
        with root.table("ramp") as table:
            curve, ramps = sections.ramps(table, presets)
        with root.table("mail") as mail, root.table("imap") as imap:
            label, templates, language, languages = sections.mail(mail, base)
            style = sections.style(mail)
            reading = sections.reading(mail, imap)
        with root.table("hours") as table:
            hours = sections.hours(table)
        with root.table("replies") as table:
            answers = sections.replies(table)
        with root.table("pool") as table:
            policy, provider_of = sections.pool(table, hours, answers)
        with root.table("smtp") as table:
            submission = sections.submission(table)
        with root.table("dns") as table:
            naming = sections.naming(table)
        with root.table("mta") as table:
            mta_log = sections.mta(table, base)
        with root.table("throttle") as table:
            waits, alerts, rules = sections.waits(table), sections.alerts(table), rulebook(table)
        with root.table("placement") as table:
            placed = placement(table)
        with root.table("notify") as table:
            told = notify(table, base)
        with root.table("service") as table:
            service = sections.service(table)
        with root.table("doctor") as table:
            examined = doctor(table)
        with root.table("web") as table:
            web = sections.web(table, base, beside)
        with root.table("oauth") as table:
            oauth = clients(table.tables())
    document.close()
    words = corpus(templates, language)
    return Config(
        source=file,
        database=database,
        credentials=credentials,
        key=key,
        authorities=authorities,
        curve=curve,
        presets=presets,
        ramps=ramps,
        policy=replace(policy, scenarios=words.by_language, language=language, languages=languages),
        corpus=words,
        waits=waits,
        alerts=alerts,
        rules=rules,
        submission=submission,
        reading=reading,
        naming=naming,
        mta_log=mta_log,
        placement=placed,
        notify=told,
        service=service,
        doctor=examined,
        web=web,
        label=label,
        style=style,
        templates=templates,
        provider_of=provider_of,
        clients=oauth,
    )
