"""What a reader does with the mail we sent: find it, open it, rescue it, mark it answered, file it.

Only what `look` has proven to be ours is acted on, and proven again when its folder has been selected anew: that may
have been made anew since. Nothing else is ever opened, flagged, moved or deleted, and `look` itself leaves no
trace but INBOX's \\Recent, where it is for somebody who will act.

Owns: the verbs, which folder is selected. Does not own: when and why (`warmup.daemon`), one command
(`warmup.imap.line`), which folder is which (`warmup.imap.folders`).
Sources: RFC 3501 §6.3.1-2 (SELECT, EXAMINE), §6.4 (SEARCH, FETCH, STORE, COPY), §7.2.6 and §2.3.1.1 (UIDVALIDITY);
RFC 4315 (UIDPLUS), RFC 6851 (MOVE), RFC 6154 §3 (CREATE-SPECIAL-USE), RFC 7888 (LITERAL+); the IANA registry of
keywords ($Junk, $NotJunk).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime

from aioimaplib import time2internaldate

from warmup.audit import Copy
from warmup.errors import AccessRefused
from warmup.model import Placement, Stage

from . import census, posted, systems
from .answers import found as uids_found
from .answers import pages, texts
from .chosen import Chosen, Selection
from .errand import Errand, hearing, looking
from .folders import Folders
from .line import Answer, Line, Question, Timeouts, granted
from .posted import Posted
from .proof import Proof, field
from .sighting import Sighting, fields, items, searches
from .systems import Notices
from .wire import literal

_PAGE = 100  # messages in one FETCH
_HITS = 500  # messages looked at that a search has found: one that finds far more than asked for isn't to be believed


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
        self._selection = Selection()
        self._proofs: dict[str, Proof] = {}  # by Message-ID: what `look` was asked to find

    def entered(self, errand: Errand, selected: Answer | AccessRefused, found: Answer | AccessRefused) -> None:
        """INBOX was to be selected, with this answer to an errand there."""
        inbox, refused = self.folders.inbox, selected if isinstance(selected, AccessRefused) else None
        chosen = None if refused else Chosen.told(inbox, granted(selected), writable=errand.command == "SELECT")
        self._selection.enter(chosen, (inbox, errand.search), refused or found)

    @property
    def usable(self) -> bool:
        """The connection is alive, in step, and not about to be closed by the server."""
        return self._line.usable

    @property
    def throttled(self) -> bool:
        """The server has said that it answers slowly on purpose."""
        return self._line.throttled

    async def look(self, sought: Mapping[str, str], *, label: str, acting: bool = False) -> dict[str, Sighting]:
        """Those of the Message-IDs `sought` that are there, each where it is seen first: INBOX, Junk, the rest, and
        last of all the folder that holds everything.

        `sought` gives the value that a message's field named `label` must have; a forgery is as if it weren't there.
        Not looked into: Sent, Drafts, Trash, and views of other folders; nor are messages marked \\Deleted. A folder
        other than INBOX that can't be opened is passed over; if that is Junk, `unseen` says why. Whoever will be
        `acting` on what is found has INBOX selected for that at once, so that not even \\Recent is left as it was.
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
                    first = acting and placement is Placement.INBOX
                    found |= await self._find(folder, missing, "SELECT" if first else "EXAMINE")
                except AccessRefused as refused:
                    opened = refused.stage is not Stage.SELECT
                    if placement is Placement.INBOX or (placement is Placement.JUNK and opened):
                        raise
                    if placement is Placement.JUNK:
                        self.unseen = refused.why
        return found

    async def open(self, sighting: Sighting, *, flag: bool = False) -> bytes:
        """The whole text of the message, which is then \\Seen, and \\Flagged if wanted."""
        flags = ("\\Seen", "\\Flagged") if flag else ("\\Seen",)
        async with self._turn:
            await self._ours(sighting)
            text, _ = await self._line.ask_all(
                Question(Stage.FETCH, sighting.fetch("BODY.PEEK[]"), self._timeouts.transfer),
                self._question(*sighting.store("+", *flags)),
            )
            return sighting.text(text)

    async def header(self, sighting: Sighting) -> bytes:
        """The header of the message, which isn't marked as read."""
        async with self._turn:
            return await self._proven(sighting, "BODY.PEEK[HEADER]")

    async def rescue(self, sighting: Sighting) -> Sighting:
        """Out of Junk into INBOX, where it is now; with $NotJunk and without $Junk where the folder keeps keywords."""
        async with self._turn:
            await self._ours(sighting)
            # Before the move, which takes them along and may be what the server's filter learns from. A folder that
            # has no room for one keyword more (Dovecot's Maildir takes 26) is no reason to leave the message there.
            for sign, keyword in (("+", "$NotJunk"), ("-", "$Junk")):
                if (chosen := self._selection.chosen) and chosen.keeps(keyword):
                    with suppress(AccessRefused):
                        await self._ask(Stage.FETCH, *sighting.store(sign, keyword))
            return await self._move(sighting, self.folders.inbox)

    async def answered(self, sighting: Sighting) -> None:
        """Marks it \\Answered."""
        async with self._turn:
            await self._ours(sighting)
            await self._ask(Stage.FETCH, *sighting.store("+", "\\Answered"))

    async def file(self, sighting: Sighting, folder: str, *, answered: bool = False) -> Sighting:
        """Into the folder of that name, levels parted by "/", where it is now; the folder is made if it is missing. If
        it was `answered` it is marked so.
        """
        async with self._turn:
            target = self.folders.personal(folder)
            marking = [self._question(*sighting.store("+", "\\Answered"))] if answered else []
            if marking or target != sighting.folder:
                await self._ours(sighting)
            if target == sighting.folder:
                await self._line.ask_all(*marking)
                return sighting
            if target not in self.folders.names:
                await self._create(target)
            return await self._move(sighting, target, *marking)

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
            chosen, found = await self._choose_and("EXAMINE", self.folders.sent, "UID SEARCH", *searches([message_id]))
            if chosen.exists and await self._holds(message_id, found):
                return False
            await self._ask(
                Stage.FETCH,
                "APPEND",
                self.folders.wire(chosen.name),
                "(\\Seen)",
                time2internaldate(at),
                literal(message, self._offers),
                owed=[message + b"\r\n"],
                seconds=self._timeouts.transfer,
            )
            return True

    async def notices(self, *, validity: int, after: int, since: date) -> Notices:
        """What mail systems wrote that came after the UID `after`; all of it that came on the day `since` or later, if
        the folder's UIDVALIDITY isn't `validity` (any more). Nothing is marked as seen.
        """
        async with self._turn:
            search = hearing(validity=validity, after=after, since=since)
            chosen, answer = await self._choose_and("EXAMINE", self.folders.inbox, *search)
            known = validity == chosen.validity
            if validity and not known:
                answer = await self._ask(Stage.FETCH, *hearing(validity=0, after=0, since=since))
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

    async def _find(self, folder: str, proof: Proof, command: str = "EXAMINE") -> dict[str, Sighting]:
        _, *others = searches(proof.values)
        chosen, answer = await self._choose_and(command, folder, *looking(proof.values))
        placement = self.folders.placement(folder)
        found: dict[str, Sighting] = {}

        def see(headers: Mapping[int, bytes]) -> None:
            for uid in sorted(headers):
                if (name := proof.names(headers[uid])) is not None:
                    found.setdefault(name, Sighting(name, folder, uid, chosen.validity, placement))

        if chosen.exists:
            section = fields("Message-ID", proof.label)
            answers = [answer, *[await self._ask(Stage.FETCH, "UID SEARCH", other) for other in others]]
            see(await self._read(answers, section))
            if placement is not Placement.OTHER and proof.without(found).values:
                # Under a Message-ID that was replaced on the way, or not in the server's index yet.
                newest = f"{max(1, chosen.exists - _PAGE + 1)}:*"
                see(await self._fetch("FETCH", newest, section))
        if chosen.writable:
            self._selection.proven.update(found.values())
        return found

    async def _holds(self, message_id: str, found: Answer) -> bool:
        """Whether one of those found in the selected folder has exactly this Message-ID."""
        headers = await self._read([found], fields("Message-ID"))
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
        return texts(await self._ask(Stage.FETCH, command, messages, items(section)))

    async def _ours(self, sighting: Sighting) -> None:
        """See to it that its folder is selected for writing and that it is proven ours there, or refuse."""
        if sighting not in self._selection.proven:
            await self._proven(sighting, fields("Message-ID", self._proof(sighting).label))

    async def _proven(self, sighting: Sighting, section: str) -> bytes:
        """What the section of the message, which has to have the fields that prove it ours, holds; its folder is
        selected for writing then. Refused when it isn't ours.
        """
        proof, fetch = self._proof(sighting), sighting.fetch(section)
        if chosen := self._selection.serves("SELECT", sighting.folder):
            answer = await self._ask(Stage.FETCH, *fetch)
        else:
            chosen, answer = await self._choose_and("SELECT", sighting.folder, *fetch)
        if chosen.validity != sighting.validity:
            raise AccessRefused(
                Stage.SELECT,
                f"{sighting.folder} isn't the folder it was (UIDVALIDITY {chosen.validity}, was {sighting.validity}): "
                "look again",
            )
        text = sighting.text(answer)
        if proof.names(text) != sighting.message_id:
            raise AccessRefused(Stage.FETCH, f"UID {sighting.uid} in {sighting.folder} isn't {sighting.message_id}")
        self._selection.proven.add(sighting)
        return text

    def _proof(self, sighting: Sighting) -> Proof:
        proof = self._proofs.get(sighting.message_id)
        if proof is None:
            raise ValueError(f"{sighting.message_id} wasn't looked for, and isn't ours to touch")
        return proof

    async def _move(self, sighting: Sighting, folder: str, *before: Question) -> Sighting:
        """Said at once with what is to be done `before`: what has to do with one message is done in that order."""
        proof = self._proofs[sighting.message_id]
        uid, moves = str(sighting.uid), "MOVE" in self._offers
        moving = self._question("UID MOVE" if moves else "UID COPY", uid, self.folders.wire(folder))
        answers = await self._line.ask_all(*before, moving)
        self._selection.proven.discard(sighting)
        if not moves:
            await self._ask(Stage.FETCH, *sighting.store("+", "\\Deleted"))
            if "UIDPLUS" in self._offers:
                await self._ask(Stage.FETCH, "UID EXPUNGE", uid)
            # Without it \Deleted has to do: a plain EXPUNGE would erase what the operator has marked so, too.
        if moved := sighting.moved(answers, folder, self.folders.placement(folder)):
            return moved
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
        self._selection.leave()
        answer = await self._ask(Stage.SELECT, command, self.folders.wire(folder))
        chosen = Chosen.told(folder, answer, writable=command == "SELECT")
        self._selection.enter(chosen)
        return chosen

    async def _choose_and(self, command: str, folder: str, *then: str) -> tuple[Chosen, Answer]:
        """As `_choose`, and the answer to what is asked about the folder along with it. Said at once, it costs one turn
        of the server less; where the folder can't be selected nothing comes of it but one more refusal. Nothing is said
        if it was while signing in.
        """
        if known := self._selection.found(command, folder, then):
            return known
        self._selection.leave()
        selecting = Question(Stage.SELECT, (command, self.folders.wire(folder)), self._timeouts.command)
        selected, answer = await self._line.ask_all(selecting, self._question(*then))
        chosen = Chosen.told(folder, selected, writable=command == "SELECT")
        self._selection.enter(chosen)
        return chosen, answer

    def _question(self, *words: str) -> Question:
        return Question(Stage.FETCH, words, self._timeouts.command)

    async def _ask(
        self, stage: Stage, command: str, *arguments: str, owed: Iterable[bytes] = (), seconds: float | None = None
    ) -> Answer:
        return await self._line.ask(
            stage, command, *arguments, owed=owed, seconds=self._timeouts.command if seconds is None else seconds
        )
