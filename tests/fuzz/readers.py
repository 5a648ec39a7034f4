"""Readers: each parser of bytes from outside, what is thrown at it, and what it promised.

A parser may raise what its docstring names, where that is for the operator to read; anything else comes out of here,
and has been found.

Owns: that list. Does not own: how long each is tried (`tests.fuzz.__main__`).
"""

from __future__ import annotations

import asyncio
import csv
import io
import json
import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from tests.throttle.known import RULES
from warmup.cli import batch, roll
from warmup.cli.answers import ANY, judged
from warmup.config import Config, load
from warmup.errors import ConfigError, NotSent, UsageError
from warmup.imap import census
from warmup.imap.folders import survey
from warmup.imap.grammar import Value, read
from warmup.imap.proof import Proof
from warmup.imap.wire import Command, Said, Wire
from warmup.model import Stage
from warmup.smtp.line import Line, _Wire
from warmup.smtp.offer import Offer
from warmup.throttle import judge
from warmup.throttle.dsn import bounce
from warmup.throttle.mtalog import MailLog

from . import samples
from .mutants import mutants, odd

_LABEL = "X-Warmup"
_LONGEST = 1000  # characters of a text that is stored and shown


@dataclass(frozen=True, slots=True)
class Reader:
    """`input` is what may come from outside."""

    input: st.SearchStrategy[Any]
    read: Callable[[Any], None]


class _Transport(asyncio.Transport):
    """To nowhere."""

    def __init__(self) -> None:
        super().__init__()
        self.closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        assert not self.closed

    def abort(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    def pause_reading(self) -> None:
        pass


def _in_pieces(octets: bytes, cuts: Sequence[float]) -> list[bytes]:
    places = [0, *sorted(round(cut * len(octets)) for cut in cuts), len(octets)]
    return [octets[here:there] for here, there in pairwise(places)]


async def _imap(pieces: Sequence[bytes]) -> tuple[list[Said], str | None]:
    """All that is heard of an answer to the command A1, and what breaks the connection."""
    wire = Wire()
    wire.connection_made(_Transport())
    command = wire.pending_sync_command = Command("FETCH", "A1", seconds=60)
    for piece in pieces:
        wire.data_received(piece)
    wire.drop()
    return command.said, type(wire.broken).__name__ if wire.broken else None


def imap(given: tuple[bytes, list[float]]) -> None:
    """However it comes in pieces, the same is heard; and all of it can be read."""
    octets, cuts = given
    whole = asyncio.run(_imap([octets]))
    assert asyncio.run(_imap(_in_pieces(octets, cuts))) == whole
    listed: list[list[Value]] = [read(said.text, said.literals) for said in whole[0]]
    namespace = next((values for values in listed if values[:1] == [b"NAMESPACE"]), None)
    folders = survey([values for values in listed if values[:1] == [b"LIST"]], namespace)
    for name, _ in folders.order:
        folders.wire(name)
    folders.personal("Warmup/Read")


def header(octets: bytes) -> None:
    Proof(_LABEL, {"<f0e1@north.test>": "0" * 32}).names(octets)
    census.copy(octets, _LABEL, folder="INBOX", uid=1, view=False)


async def _smtp(pieces: Sequence[bytes]) -> None:
    wire = _Wire()
    wire.connection_made(_Transport())
    line = Line(wire, "mx.example")
    for piece in pieces:
        wire.data_received(piece)
    wire.eof_received()
    wire.connection_lost(None)
    with suppress(NotSent):
        said = await line.greeting(1.0)
        assert said.text.isprintable()
        assert len(said.text) <= _LONGEST
        judge(said, rules=RULES)


def smtp(given: tuple[bytes, list[float]]) -> None:
    octets, cuts = given
    asyncio.run(_smtp(_in_pieces(octets, cuts)))
    offer = Offer.parse(octets.decode("ascii", "surrogateescape").replace("\r\n", "\n"))
    offer.parameters("ann@north.test", "ben@east.test", b"Subject: a\r\n\r\n")


def dsn(octets: bytes) -> None:
    found = bounce(octets)
    for report in found.reports if found else ():
        assert report.response.text.isprintable()
        assert len(report.response.text) <= _LONGEST
        judge(report.response, rules=RULES)


def mta(octets: bytes) -> None:
    log = MailLog()
    for line in octets.decode("utf-8", "replace").split("\n"):
        told = log.line(line)
        if told is not None:
            assert told.report.response.text.isprintable()
            judge(told.report.response, rules=RULES)


def answer(octets: bytes) -> None:
    for stage in (ANY, Stage.DSN, Stage.LOGIN):
        found = judged(octets.decode("utf-8", "replace"), stage, "gmail.com", _usual())
        assert list(found.lines())
        assert found.row()


def pool(octets: bytes) -> None:
    with suppress(UsageError):
        entries = roll.read(_file("pool.csv", octets), _usual(), {"taken@north.test"})
        assert entries


def answers(octets: bytes) -> None:
    with suppress(UsageError):
        cases = batch.tried(_file("answers.csv", octets), _usual())
        assert [case.row() for case in cases]
        list(batch.score(cases))


def config(octets: bytes) -> None:
    with suppress(ConfigError):
        load(_file("warmup.toml", octets), {})


@cache
def _usual() -> Config:
    return load(None, {})


@cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="warmup-fuzz-", ignore_cleanup_errors=True)


def _file(name: str, octets: bytes) -> Path:
    path = Path(_folder().name) / name
    path.write_bytes(octets)
    return path


_cuts = st.lists(st.floats(0, 1), max_size=8)


def _of(samples: Sequence[bytes], words: Sequence[bytes]) -> st.SearchStrategy[bytes]:
    return mutants(samples, words) | st.binary(max_size=200)


@st.composite
def _sheets(draw: st.DrawFn, columns: Sequence[str], usual: Mapping[str, str]) -> bytes:
    """A CSV in good form, with a few odd values."""
    named = draw(st.lists(st.sampled_from(columns), unique=True)) + sorted(usual)
    out = io.StringIO()
    sheet = csv.DictWriter(out, dict.fromkeys(named))
    sheet.writeheader()
    for _ in range(draw(st.integers(1, 3))):
        odd_ones = draw(st.lists(st.sampled_from(named), max_size=2))
        sheet.writerow({name: draw(odd) if name in odd_ones else usual.get(name, "") for name in named})
    return out.getvalue().encode("utf-8", "replace")


@st.composite
def _settings(draw: st.DrawFn) -> bytes:
    """The configuration with every key in it, a few of which have odd values."""
    lines = samples.CONFIG[0].decode().splitlines()
    keys = [number for number, line in enumerate(lines) if re.match(r"[a-z_]+ = ", line)]
    for number in draw(st.lists(st.sampled_from(keys), min_size=1, max_size=3)):
        value = draw(odd.map(json.dumps) | st.sampled_from(samples.CONFIG_WORDS).map(bytes.decode))
        lines[number] = (
            f"{lines[number].partition('=')[0]}= {draw(st.sampled_from(['{}', '[{}]', '{{a={}}}'])).format(value)}"
        )
    return "\n".join(lines).encode("utf-8", "replace")


_POOL = {"address": "ann@north.test", "password": "one"}
_BATCH = {"provider": "google", "stage": "rcpt", "reply": "421 4.7.28 too fast"}

READERS = {
    "IMAP lines": Reader(st.tuples(_of(samples.IMAP, samples.IMAP_WORDS), _cuts), imap),
    "IMAP headers": Reader(_of(samples.HEADERS, samples.HEADER_WORDS), header),
    "SMTP replies": Reader(st.tuples(_of(samples.SMTP, samples.SMTP_WORDS), _cuts), smtp),
    "notifications": Reader(_of(samples.DSN, samples.DSN_WORDS), dsn),
    "the MTA's log": Reader(_of(samples.MTA, samples.MTA_WORDS), mta),
    "answers": Reader(_of(samples.ANSWERS, samples.ANSWER_WORDS), answer),
    "CSV of mailboxes": Reader(
        _of(samples.POOL, samples.POOL_WORDS) | _sheets((*roll.COLUMNS, "password_file"), _POOL), pool
    ),
    "CSV of answers": Reader(_of(samples.BATCH, samples.BATCH_WORDS) | _sheets(("action",), _BATCH), answers),
    "configuration": Reader(_of(samples.CONFIG, samples.CONFIG_WORDS) | _settings(), config),
}
