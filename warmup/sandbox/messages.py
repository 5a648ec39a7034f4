"""IMAP verbs on the messages of the selected folder. Each answers with the text of its OK.

Owns: SEARCH, FETCH, STORE, COPY, MOVE, EXPUNGE, and the same by UID. Does not own: criteria and items
(`warmup.sandbox.search`, `warmup.sandbox.fetch`).
Sources: RFC 3501 §6.4, RFC 4315 (UIDPLUS), RFC 6851 (MOVE).
"""

from __future__ import annotations

import re

from . import fetch as fetching
from . import search as searching
from .mail import Folder, Mail
from .parse import Cursor
from .session import Refused, Session

_STORE = re.compile(rb"([+-]?)FLAGS(\.SILENT)?", re.IGNORECASE)


def search(session: Session, cursor: Cursor, *, uid: bool = False) -> str:
    cursor.space()
    test = searching.criteria(cursor, session.view)
    mails = session.folder.mails
    hits = [(number, known) for number, known in enumerate(session.view, 1) if known in mails and test(mails[known])]
    session.say(" ".join(["SEARCH", *(str(known if uid else number) for number, known in hits)]))
    return "SEARCH completed"


def fetch(session: Session, cursor: Cursor, *, uid: bool = False) -> str:
    cursor.space()
    numbers = cursor.numbers()
    cursor.space()
    items = fetching.items(cursor)
    cursor.end()
    if uid and fetching.UID not in items:
        items.insert(0, fetching.UID)
    reads = any(item.reads for item in items) and not session.read_only
    for number, mail in session.chosen(numbers, uid=uid):
        told = items
        if reads and "\\Seen" not in mail.flags:
            session.flag(mail, ["\\Seen"])
            told = items if fetching.FLAGS in items else [*items, fetching.FLAGS]
        _tell(session, number, mail, told)
    return "FETCH completed"


def store(session: Session, cursor: Cursor, *, uid: bool = False) -> str:
    cursor.space()
    numbers = cursor.numbers()
    cursor.space()
    sign, silent = cursor.expect(_STORE, "FLAGS").groups()
    cursor.space()
    flags = _flags(cursor)
    cursor.end()
    session.writable()
    for number, mail in session.chosen(numbers, uid=uid):
        if sign == b"":
            session.unflag(mail, mail.flags - set(flags))
        if sign == b"-":
            session.unflag(mail, flags)
        else:
            session.flag(mail, flags)
        if not silent:
            _tell(session, number, mail, [fetching.UID, fetching.FLAGS] if uid else [fetching.FLAGS])
    return "STORE completed"


def copy(session: Session, cursor: Cursor, *, uid: bool = False) -> str:
    mails, target = _destination(session, cursor, uid=uid)
    code = _copy(session, mails, target, "copied")
    return f"{code}COPY completed"


def move(session: Session, cursor: Cursor, *, uid: bool = False) -> str:
    mails, target = _destination(session, cursor, uid=uid)
    session.writable()
    code = _copy(session, mails, target, "moved")
    if code:
        session.say(f"OK {code}moved")  # RFC 6851 §4.3: before the EXPUNGEs, that are told at the end of every verb
    session.folder.remove(mails)
    return "MOVE completed"


def expunge(session: Session, cursor: Cursor) -> str:
    cursor.end()
    session.writable()
    _expunge(session, list(session.folder.mails.values()))
    return "EXPUNGE completed"


def uid_expunge(session: Session, cursor: Cursor) -> str:
    cursor.space()
    numbers = cursor.numbers()
    cursor.end()
    session.writable()
    _expunge(session, [mail for _, mail in session.chosen(numbers, uid=True)])
    return "EXPUNGE completed"


def close(session: Session, cursor: Cursor) -> str:
    cursor.end()
    if not session.read_only:
        _expunge(session, list(session.folder.mails.values()))
    session.select(None)
    return "CLOSE completed"


def unselect(session: Session, cursor: Cursor) -> str:
    cursor.end()
    session.select(None)
    return "UNSELECT completed"


def _flags(cursor: Cursor) -> list[str]:
    flags = cursor.flags_if_any()
    if flags is None:  # without parentheses, at least one
        flags = [cursor.flag()]
        while cursor.skip(b" "):
            flags.append(cursor.flag())
    return flags


def _tell(session: Session, number: int, mail: Mail, items: list[fetching.Item]) -> None:
    session.say(b"%d FETCH (%s)" % (number, b" ".join(item.write(mail) for item in items)))


def _destination(session: Session, cursor: Cursor, *, uid: bool) -> tuple[list[Mail], Folder]:
    cursor.space()
    numbers = cursor.numbers()
    cursor.space()
    name = cursor.folder()
    cursor.end()
    target = session.box.find(name)
    if target is None:
        raise Refused("[TRYCREATE] there is no such folder")
    return [mail for _, mail in session.chosen(numbers, uid=uid)], target


def _copy(session: Session, mails: list[Mail], target: Folder, event: str) -> str:
    """The response code that tells old and new UIDs; nothing if there are none (RFC 4315 §3)."""
    for mail in mails:
        session.post.note(session.box, event, mail, session.folder, target.name)
    copies = [target.copy(mail) for mail in mails]
    if not copies:
        return ""
    old, new = (",".join(str(mail.uid) for mail in some) for some in (mails, copies))
    return f"[COPYUID {target.validity} {old} {new}] "


def _expunge(session: Session, mails: list[Mail]) -> None:
    gone = [mail for mail in mails if "\\Deleted" in mail.flags]
    for mail in gone:
        session.post.note(session.box, "expunged", mail, session.folder)
    session.folder.remove(gone)
