"""What the IMAP server knows of one client: who it is, which folder it has selected, and what it has been told of it.

Sequence numbers belong to the client's view of the folder, which changes only when it is told (RFC 3501 §7.4.1).

Owns: the view, and what is to be written. Does not own: the connection (`warmup.sandbox.imap`), the verbs
(`warmup.sandbox.folders`, `warmup.sandbox.messages`).
"""

from __future__ import annotations

from collections.abc import Iterable

from .mail import Box, Folder, Mail
from .parse import Numbers
from .post import Post


class Refused(Exception):
    """The command can't be done: NO, with this text."""


class Session:
    """One client. What is said to it waits in `output` until it is taken."""

    def __init__(self, post: Post) -> None:
        self.post = post
        self.output = bytearray()
        self.read_only = False
        self.view: list[int] = []  # UIDs by sequence number, less one
        self._box: Box | None = None
        self._folder: Folder | None = None
        self._validity = 0  # of the folder, when it was selected

    @property
    def signed_in(self) -> bool:
        return self._box is not None

    @property
    def selected(self) -> bool:
        return self._folder is not None

    @property
    def box(self) -> Box:
        assert self._box is not None, "verbs of this state are refused before"
        return self._box

    @property
    def folder(self) -> Folder:
        assert self._folder is not None, "verbs of this state are refused before"
        return self._folder

    @property
    def made_anew(self) -> bool:
        """Whether the selected folder isn't the one that was selected."""
        return self.folder.validity != self._validity

    def sign_in(self, box: Box) -> None:
        self._box = box

    def select(self, folder: Folder | None, *, read_only: bool = False) -> None:
        self._folder = folder
        self._validity = folder.validity if folder is not None else 0
        self.read_only = read_only
        self.view = list(folder.mails) if folder is not None else []

    def say(self, line: str | bytes) -> None:
        """One untagged line."""
        self.output += b"* %s\r\n" % (line.encode() if isinstance(line, str) else line)

    def take(self) -> bytes:
        output = bytes(self.output)
        self.output.clear()
        return output

    def tell(self) -> None:
        """Say what has come and gone in the folder since it was last told."""
        if self._folder is None:
            return
        mails = self._folder.mails
        for number in range(len(self.view), 0, -1):
            if self.view[number - 1] not in mails:
                del self.view[number - 1]
                self.say(f"{number} EXPUNGE")
        last = self.view[-1] if self.view else 0
        come = [uid for uid in mails if uid > last]
        if come:
            self.view += come
            self.say(f"{len(self.view)} EXISTS")

    def chosen(self, numbers: Numbers, *, uid: bool) -> list[tuple[int, Mail]]:
        """The messages in a set that are still there, by sequence number; those unknown are passed over."""
        known = self.view if uid else range(1, len(self.view) + 1)
        last = self.view[-1] if uid and self.view else len(self.view)
        places = {value: number for number, value in enumerate(known, 1)}
        found = [places[value] for value in numbers.among(known, last)]
        mails = self.folder.mails
        return [(number, mails[self.view[number - 1]]) for number in found if self.view[number - 1] in mails]

    def writable(self) -> None:
        if self.read_only:
            raise Refused("[READ-ONLY] the folder was only examined")

    def flag(self, mail: Mail, flags: Iterable[str]) -> None:
        """Set flags, and write down those that are new."""
        new = sorted(set(flags) - mail.flags)
        mail.flags.update(new)
        if "\\Seen" in new:
            new.remove("\\Seen")
            self.post.note(self.box, "seen", mail, self.folder)
        if new:
            self.post.note(self.box, "flagged", mail, self.folder, " ".join(new))

    def unflag(self, mail: Mail, flags: Iterable[str]) -> None:
        names = {flag.lower() for flag in flags}
        gone = sorted(flag for flag in mail.flags if flag.lower() in names)
        mail.flags.difference_update(gone)
        if gone:
            self.post.note(self.box, "unflagged", mail, self.folder, " ".join(gone))
