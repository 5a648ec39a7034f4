"""systemd's journal, read by its own tool.

Owns: running journalctl, and cursors. Does not own: what the entries say.
Sources: journalctl(1); systemd.journal-fields(7); the Journal Export Formats of systemd, JSON.
"""

from __future__ import annotations

import asyncio
import json
import os
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Iterable
from signal import SIGKILL
from typing import Any

from warmup.throttle.mtalog import MailLog, Told

from .piece import PIECE, LogError, Place

PATIENCE = 30.0  # seconds that journalctl may take; a guess
_JOURNALCTL = (
    "journalctl",
    "--output=json",
    "--output-fields=MESSAGE,SYSLOG_IDENTIFIER",
    "--all",  # long messages too
    "--no-pager",
    "SYSLOG_FACILITY=2",  # mail
)
_BEGINNING = Place("journal", "")
_UNSEEN = ("insufficient permissions", "not seeing messages from other users")  # all of the MTA's are another's


class Journal:
    """The journal's entries of the mail facility."""

    async def begin(self, place: Place | None, log: MailLog) -> Place:
        before = [f"--cursor={place.position}"] if place and place.position else []
        entries = (await _entries("--reverse", *before))[::-1]
        _hear(entries, log)
        return place or _after(entries, _BEGINNING)

    async def read(self, place: Place, log: MailLog) -> tuple[list[Told], Place]:
        entries = await _entries(*([f"--after-cursor={place.position}"] if place.position else []))
        return _hear(entries, log), _after(entries, place)


def _hear(entries: Iterable[dict[str, Any]], log: MailLog) -> list[Told]:
    heard = (log.entry(_text(entry.get("SYSLOG_IDENTIFIER")), _text(entry.get("MESSAGE"))) for entry in entries)
    return [told for told in heard if told is not None]


def _after(entries: list[dict[str, Any]], place: Place) -> Place:
    return Place(place.edition, _text(entries[-1].get("__CURSOR"))) if entries else place


def _text(value: Any) -> str:
    """A field: text, or a list of bytes if it isn't printable UTF-8; the first, where there are several of a name."""
    match value:
        case [int(), *_]:
            return bytes(value).decode("utf-8", "replace")
        case [first, *_]:
            return _text(first)
    return value if isinstance(value, str) else ""


async def _entries(*wanted: str) -> list[dict[str, Any]]:
    """The first entries that journalctl has, in its order, as many as make a piece."""
    environ = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}
    try:
        child = await asyncio.create_subprocess_exec(
            *_JOURNALCTL, *wanted, stdin=DEVNULL, stdout=PIPE, stderr=PIPE, env=environ
        )
    except OSError as error:
        what = "set log in [mta] to the file that your MTA logs to"
        raise LogError(f"journalctl can't be run: {error.strerror}; {what}") from error
    try:
        async with asyncio.timeout(PATIENCE):
            lines, complaint = await _said(child)
    except TimeoutError as error:
        raise LogError(f"journalctl: no end after {PATIENCE:g} s; try it by hand: {' '.join(_JOURNALCTL)}") from error
    finally:
        if child.returncode is None:
            child.kill()
            await child.communicate()
    if any(words in complaint for words in _UNSEEN):
        what = "make the daemon's user a member of the group systemd-journal"
        raise LogError(f"journalctl: the MTA's entries can't be read: permission denied; {what}")
    if child.returncode not in (0, -SIGKILL) or "No journal files were found" in complaint:
        why = complaint.strip().partition("\n")[0] or f"status {child.returncode}"
        raise LogError(f"journalctl: the journal can't be read: {why}")
    return [json.loads(line) for line in lines if line.startswith(b"{")]


async def _said(child: Process) -> tuple[list[bytes], str]:
    """Whole lines of a piece, and what was complained of; a child that has more to say is ended."""
    assert child.stdout is not None
    piece = bytearray()
    while len(piece) < PIECE:
        more = await child.stdout.read(PIECE)
        if not more:
            _, complaint = await child.communicate()
            return bytes(piece).split(b"\n"), complaint.decode("utf-8", "replace")
        piece += more
    child.kill()
    await child.communicate()
    return bytes(piece).split(b"\n")[:-1], ""
