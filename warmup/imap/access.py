"""What a reader does with the mail we sent: find it, open it, rescue it, mark it answered, file it.

Only what `look` has proven to be ours is acted on, and proven again each time: a folder may have been made anew and a
message be gone since. Nothing else is ever opened, flagged, moved or deleted, and `look` itself leaves no trace.

Owns: the verbs, which folder is selected. Does not own: when and why (`warmup.daemon`), one command
(`warmup.imap.line`), which folder is which (`warmup.imap.folders`).
Sources: RFC 3501 §6.3.1-2 (SELECT, EXAMINE), §6.4 (SEARCH, FETCH, STORE, COPY), §7.2.6 and §2.3.1.1 (UIDVALIDITY);
RFC 4315 (UIDPLUS), RFC 6851 (MOVE), RFC 6154 §3 (CREATE-SPECIAL-USE); the IANA registry of keywords ($Junk, $NotJunk).
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime

from aioimaplib import quoted, time2internaldate

from warmup.audit import Copy
from warmup.errors import AccessRefused
from warmup.model import Placement, Stage

from . import census, posted, systems
from .answers import found as uids_found
from .answers import pages, texts
from .chosen import Chosen
from .folders import Folders
from .line import Answer, Line, Question, Timeouts
from .posted import Posted
from .proof import Proof, field
from .systems import Notices

_TOGETHER = 8  # Message-IDs in one search: RFC 2683 §3.2.1.5 wants lines of at most 1,000 octets
_PAGE = 100  # messages in one FETCH
_HITS = 500  # messages looked at that a search has found: one that finds far more than asked for isn't to be believed
_FIELDS = "BODY.PEEK[HEADER.FIELDS (%s)]"
_MOVED = re.compile(rb"(\d+) \S+ (\d+)")  # COPYUID of one message: the folder's UIDVALIDITY, the old UID, the new one


@dataclass(frozen=True, slots=True)
class Sighting:
    """A message of ours, where it stands."""

    message_id: str
    folder: str
    uid: int
    validity: int  # the folder's UIDVALIDITY, without which a UID means nothing
    placement: Placement


class Access:
    """A mailbox, signed in to. Its verbs take turns.

    They raise `AccessRefused` when the server says no or the message isn't there any more, and `AccessLost` when the
    connection breaks or the server ends it; after that, or a cancellation, only `close` makes sense.
    """

    def __init__(self, line: Line, offers: frozenset[str], folders: Folders, timeouts: Timeouts) -> None:
        self.folders = folders
        self._line = line
        self._offers = offers
        self._timeouts = timeouts
        self.unseen: str | None = None  # the server's NO, if Junk couldn't be looked into
        self._turn = asyncio.Lock()
        self._chosen: Chosen | None = None
        self._proofs: dict[str, Proof] = {}  # by Message-ID: what `look` was asked to find

    @property
    def usable(self) -> bool:
        """The connection is alive, in step, and not about to be closed by the server."""
        return self._line.usable

    @property
    def throttled(self) -> bool:
        """The server has said that it answers slowly on purpose."""
        return self._line.throttled

    async def look(self, sought: Mapping[str, str], *, label: str) -> dict[str, Sighting]:
        """Those of the Message-IDs `sought` that are there, each where it is seen first: INBOX, Junk, the rest, and
        last of all the folder that holds everything.

        `sought` gives the value that a message's field named `label` must have; a forgery is as if it weren't there.
        Not looked into: Sent, Drafts, Trash, and views of other folders; nor are messages marked \\Deleted. A folder
        other than INBOX that can't be opened is passed over; if that is Junk, `unseen` says why.
        """
        proof = Proof(label, sought)
        found: dict[str, Sighting] = {}
        async with self._turn:
            self._proofs |= dict.fromkeys(sought, proof)
            for folder, placement in self.folders.order:
                missing = proof.without(found)
                if not missing.values:
                    break
                try:
                    found |= await self._find(folder, missing)
                except AccessRefused as refused:
                    opened = refused.stage is not Stage.SELECT
                    if placement is Placement.INBOX or (placement is Placement.JUNK and opened):
                        raise
                    if placement is Placement.JUNK:
                        self.unseen = refused.why
        return found

    async def open(self, sighting: Sighting, *, flag: bool = False) -> bytes:
        """The whole text of the message, which is then \\Seen, and \\Flagged if wanted."""
        async with self._turn:
            text = await self._proven(sighting, "BODY.PEEK[]", self._timeouts.transfer)
            # Not left to BODY[]: a text that doesn't arrive hasn't been read.
            await self._store(sighting, "+", "\\Seen", *(["\\Flagged"] if flag else []))
        return text

    async def header(self, sighting: Sighting) -> bytes:
        """The header of the message, which isn't marked as read."""
        async with self._turn:
            return await self._proven(sighting, "BODY.PEEK[HEADER]")

    async def rescue(self, sighting: Sighting) -> Sighting:
        """Out of Junk into INBOX, where it is now; with $NotJunk and without $Junk where the folder keeps keywords."""
        async with self._turn:
            await self._proven(sighting)
            # Before the move, which takes them along and may be what the server's filter learns from. A folder that
            # has no room for one keyword more (Dovecot's Maildir takes 26) is no reason to leave the message there.
            for sign, keyword in (("+", "$NotJunk"), ("-", "$Junk")):
                if self._chosen is not None and self._chosen.keeps(keyword):
                    with suppress(AccessRefused):
                        await self._store(sighting, sign, keyword)
            return await self._move(sighting, self.folders.inbox)

    async def answered(self, sighting: Sighting) -> None:
        """Marks it \\Answered."""
        async with self._turn:
            await self._proven(sighting)
            await self._store(sighting, "+", "\\Answered")

    async def file(self, sighting: Sighting, folder: str) -> Sighting:
        """Into the folder of that name, levels parted by "/", where it is now; the folder is made if it is missing."""
        async with self._turn:
            target = self.folders.personal(folder)
            if target == sighting.folder:
                return sighting
            await self._proven(sighting)
            if target not in self.folders.names:
                await self._create(target)
            return await self._move(sighting, target)

    async def keep(self, message: bytes, message_id: str, at: datetime) -> bool:
        """Puts a copy into Sent, as of `at`, unless one with this Message-ID is there; whether it had to.

        Without a Sent folder, "Sent" is made.
        """
        async with self._turn:
            if self.folders.sent is None:
                sent = self.folders.personal("Sent")
                if sent not in self.folders.names:
                    await self._create(sent, "\\Sent")
                self.folders = replace(self.folders, sent=sent, aside=self.folders.aside | {sent})
            assert self.folders.sent is not None
            chosen, found = await self._choose_and("EXAMINE", self.folders.sent, "UID SEARCH", _named([message_id]))
            if chosen.exists and await self._holds(message_id, found):
                return False
            await self._ask(
                Stage.FETCH,
                "APPEND",
                self.folders.wire(chosen.name),
                "(\\Seen)",
                time2internaldate(at),
                f"{{{len(message)}}}",
                owed=[message + b"\r\n"],
                seconds=self._timeouts.transfer,
            )
            return True

    async def notices(self, *, validity: int, after: int, since: date) -> Notices:
        """What mail systems wrote that came after the UID `after`; all of it that came on the day `since` or later, if
        the folder's UIDVALIDITY isn't `validity` (any more). Nothing is marked as seen.
        """
        async with self._turn:
            recent, later = census.since(since), f"UID {after + 1}:*"
            search = ("UID SEARCH", later if validity else recent, systems.CRITERIA)
            chosen, answer = await self._choose_and("EXAMINE", self.folders.inbox, *search)
            known = validity == chosen.validity
            if validity and not known:
                answer = await self._ask(Stage.FETCH, "UID SEARCH", recent, systems.CRITERIA)
            found = uids_found(answer)
            new = [uid for uid in found if not known or uid > after]  # N:* has the last message in any case
            batch = new[: systems.TOGETHER]
            written = await self._fetch("UID FETCH", ",".join(map(str, batch)), systems.BEGINNING) if batch else {}
        more = len(new) > len(batch)
        upto = batch[-1] if more else max([after if known else 0, chosen.next_uid - 1, *batch])
        return Notices(chosen.validity, upto, tuple(written[uid] for uid in batch if uid in written), more)

    async def sent_since(self, since: datetime, *, label: str) -> list[Posted] | None:
        """What came to Sent at `since` or later, with its fields named `label`; None: there is no Sent folder."""
        if self.folders.sent is None:
            return None
        found: dict[int, Posted] = {}
        async with self._turn:
            search, items = ("UID SEARCH", posted.criteria(since)), posted.items(label)
            chosen, answer = await self._choose_and("EXAMINE", self.folders.sent, *search)
            uids = uids_found(answer) if chosen.exists else []
            for batch in pages(uids[-posted.MOST :], _PAGE):
                answer = await self._ask(Stage.FETCH, "UID FETCH", ",".join(map(str, batch)), items)
                found |= posted.read(answer, label, since)
        return list(found.values())

    async def census(self, label: str, *, since: date, thorough: bool = False) -> list[Copy]:
        """Every message with a field named `label` that came on the day `since` or later, forgeries among them, in the
        folders that `look` looks into. With `thorough` it isn't left to the server to search for the label, which some
        do badly, but the header of all mail is read. Nothing is marked as seen.
        """
        copies: list[Copy] = []
        async with self._turn:
            for folder, placement in self.folders.order:
                try:
                    copies += await self._count(folder, label, since, thorough)
                except AccessRefused:
                    if placement is not Placement.OTHER:
                        raise
        return copies

    async def close(self) -> None:
        """Say goodbye and hang up. Never fails."""
        await self._line.close(self._timeouts.logout)

    async def _count(self, folder: str, label: str, since: date, thorough: bool) -> list[Copy]:
        chosen = await self._choose("EXAMINE", folder)
        view, copies = folder == self.folders.everything, list[Copy]()
        for criteria in census.searches(chosen.exists, None if thorough else label, since):
            uids = uids_found(await self._ask(Stage.FETCH, "UID SEARCH", criteria))
            for batch in pages(uids, _PAGE):
                headers = await self._fetch("UID FETCH", ",".join(map(str, batch)), census.section(label))
                told = (census.copy(headers[uid], label, folder=folder, uid=uid, view=view) for uid in headers)
                copies += filter(None, told)
        return copies

    async def _find(self, folder: str, proof: Proof) -> dict[str, Sighting]:
        first, *others = map(_named, pages(list(proof.values), _TOGETHER))
        chosen, answer = await self._choose_and("EXAMINE", folder, "UID SEARCH", first)
        placement = self.folders.placement(folder)
        found: dict[str, Sighting] = {}

        def see(headers: Mapping[int, bytes]) -> None:
            for uid in sorted(headers):
                if (name := proof.names(headers[uid])) is not None:
                    found.setdefault(name, Sighting(name, folder, uid, chosen.validity, placement))

        if chosen.exists:
            fields = _fields(proof.label)
            answers = [answer, *[await self._ask(Stage.FETCH, "UID SEARCH", other) for other in others]]
            see(await self._read(answers, fields))
            if placement is not Placement.OTHER and proof.without(found).values:
                # Under a Message-ID that was replaced on the way, or not in the server's index yet.
                newest = f"{max(1, chosen.exists - _PAGE + 1)}:*"
                see(await self._fetch("FETCH", newest, fields))
        return found

    async def _holds(self, message_id: str, found: Answer) -> bool:
        """Whether one of those found in the selected folder has exactly this Message-ID."""
        headers = await self._read([found], _FIELDS % "MESSAGE-ID")
        return any(message_id in field(header, "Message-ID") for header in headers.values())

    async def _read(self, searches: Iterable[Answer], section: str) -> dict[int, bytes]:
        """UID → what the section holds, of messages in the folder that were found by Message-ID.

        They are to be compared: a search finds parts of words (RFC 3501 §6.4.4), and some servers find more.
        """
        found: dict[int, bytes] = {}
        hits = sorted({uid for answer in searches for uid in uids_found(answer)})
        if len(hits) > _HITS:
            # Whoever forges copies can do so only after ours has come, and where a search finds all there is ours is
            # among the newest.
            hits = hits[: _HITS // 2] + hits[-_HITS // 2 :]
        for batch in pages(hits, _PAGE):
            found |= await self._fetch("UID FETCH", ",".join(map(str, batch)), section)
        return found

    async def _fetch(self, command: str, messages: str, section: str) -> dict[int, bytes]:
        """UID → what the section holds, of those messages that are there and not marked \\Deleted."""
        return texts(await self._ask(Stage.FETCH, command, messages, _items(section)))

    async def _proven(self, sighting: Sighting, section: str | None = None, seconds: float | None = None) -> bytes:
        """What the section of the message (None: the fields that prove it ours) holds; its folder is selected for
        writing then. Refused when it isn't ours.
        """
        proof = self._proofs.get(sighting.message_id)
        if proof is None:
            raise ValueError(f"{sighting.message_id} wasn't looked for, and isn't ours to touch")
        chosen, fetch = self._chosen, ("UID FETCH", str(sighting.uid), _items(section or _fields(proof.label)))
        if chosen is not None and chosen.name == sighting.folder and chosen.writable:
            answer = await self._ask(Stage.FETCH, *fetch, seconds=seconds)
        else:
            chosen, answer = await self._choose_and("SELECT", sighting.folder, *fetch, seconds=seconds)
        if chosen.validity != sighting.validity:
            raise AccessRefused(
                Stage.SELECT,
                f"{sighting.folder} isn't the folder it was (UIDVALIDITY {chosen.validity}, was {sighting.validity}): "
                "look again",
            )
        text = texts(answer).get(sighting.uid)
        if text is None:
            raise AccessRefused(Stage.FETCH, f"{sighting.message_id} is no longer in {sighting.folder}: look again")
        if proof.names(text) != sighting.message_id:
            raise AccessRefused(Stage.FETCH, f"UID {sighting.uid} in {sighting.folder} isn't {sighting.message_id}")
        return text

    async def _store(self, sighting: Sighting, sign: str, *flags: str) -> None:
        await self._ask(Stage.FETCH, "UID STORE", str(sighting.uid), f"{sign}FLAGS.SILENT", f"({' '.join(flags)})")

    async def _move(self, sighting: Sighting, folder: str) -> Sighting:
        proof = self._proofs[sighting.message_id]
        uid, target = str(sighting.uid), self.folders.wire(folder)
        if "MOVE" in self._offers:
            answer = await self._ask(Stage.FETCH, "UID MOVE", uid, target)
        else:
            answer = await self._ask(Stage.FETCH, "UID COPY", uid, target)
            await self._store(sighting, "+", "\\Deleted")
            if "UIDPLUS" in self._offers:
                await self._ask(Stage.FETCH, "UID EXPUNGE", uid)
            # Without it \Deleted has to do: a plain EXPUNGE would erase what the operator has marked so, too.
        if moved := _MOVED.fullmatch(answer.codes.get(b"COPYUID", b"")):
            return replace(
                sighting,
                folder=folder,
                uid=int(moved[2]),
                validity=int(moved[1]),
                placement=self.folders.placement(folder),
            )
        alone = Proof(proof.label, {sighting.message_id: proof.values[sighting.message_id]})
        found = await self._find(folder, alone)
        if sighting.message_id not in found:
            raise AccessRefused(Stage.FETCH, f"{sighting.message_id} isn't in {folder}, where it was moved to")
        return found[sighting.message_id]

    async def _create(self, folder: str, use: str | None = None) -> None:
        name = self.folders.wire(folder)
        special = [f"(USE ({use}))"] if use and "CREATE-SPECIAL-USE" in self._offers else []
        try:
            await self._ask(Stage.SELECT, "CREATE", name, *special)
        except AccessRefused as refused:
            if "[ALREADYEXISTS]" not in refused.why.upper():
                raise
        with suppress(AccessRefused):  # a server without subscriptions shows the folder anyway
            await self._ask(Stage.SELECT, "SUBSCRIBE", name)
        self.folders = self.folders.having(folder)

    async def _choose(self, command: str, folder: str) -> Chosen:
        """SELECT or EXAMINE; the latter leaves even \\Recent as it is."""
        self._chosen = None
        answer = await self._ask(Stage.SELECT, command, self.folders.wire(folder))
        self._chosen = Chosen.told(folder, answer, writable=command == "SELECT")
        return self._chosen

    async def _choose_and(
        self, command: str, folder: str, *then: str, seconds: float | None = None
    ) -> tuple[Chosen, Answer]:
        """As `_choose`, and the answer to what is asked about the folder along with it. Said at once, it costs one turn
        of the server less; where the folder can't be selected nothing comes of it but one more refusal.
        """
        self._chosen = None
        usual = self._timeouts.command
        selected, answer = await self._line.ask_all(
            Question(Stage.SELECT, (command, self.folders.wire(folder)), usual),
            Question(Stage.FETCH, then, usual if seconds is None else seconds),
        )
        self._chosen = Chosen.told(folder, selected, writable=command == "SELECT")
        return self._chosen, answer

    async def _ask(
        self, stage: Stage, command: str, *arguments: str, owed: Iterable[bytes] = (), seconds: float | None = None
    ) -> Answer:
        return await self._line.ask(
            stage, command, *arguments, owed=owed, seconds=self._timeouts.command if seconds is None else seconds
        )


def _named(message_ids: Sequence[str]) -> str:
    """The criteria of a search for messages whose Message-ID has one of these in it."""
    keys = [f"HEADER Message-ID {quoted(message_id)}" for message_id in message_ids]
    return "OR " * (len(keys) - 1) + " ".join(keys)


def _items(section: str) -> str:
    return f"(UID FLAGS {section})"


def _fields(label: str) -> str:
    return _FIELDS % f"MESSAGE-ID {label.upper()}"
