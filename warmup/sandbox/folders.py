"""IMAP verbs on folders. Each answers with the text of its OK.

Owns: LIST and LSUB, SELECT and EXAMINE, STATUS, CREATE, SUBSCRIBE and UNSUBSCRIBE, APPEND, NAMESPACE.
Does not own: the messages in them (`warmup.sandbox.messages`).
Sources: RFC 3501 §6.3, RFC 2342 (NAMESPACE), RFC 4315 (APPENDUID), RFC 6154 (special use).
"""

from __future__ import annotations

import re

from .mail import DELIMITER, Folder
from .parse import SYSTEM_FLAGS, Cursor, Malformed, quoted
from .session import Refused, Session

_RETURN = re.compile(rb" RETURN \(SPECIAL-USE\)", re.IGNORECASE)


def listing(session: Session, cursor: Cursor, *, subscribed: bool = False) -> str:
    verb = "LSUB" if subscribed else "LIST"
    cursor.space()
    reference = cursor.folder()
    cursor.space()
    pattern = cursor.pattern()
    cursor.accept(_RETURN)  # RFC 6154 §2: the attributes are always told
    cursor.end()
    if not pattern:
        session.say(f'{verb} (\\Noselect) "{DELIMITER}" ""')
    wanted = _pattern(reference + pattern)
    folders = session.box.folders
    for folder in folders.values():
        if wanted.fullmatch(folder.name) and (folder.subscribed or not subscribed):
            inner = any(name.startswith(folder.name + DELIMITER) for name in folders)
            attributes = ["\\HasChildren" if inner else "\\HasNoChildren", *([folder.use] if folder.use else [])]
            session.say(f'{verb} ({" ".join(attributes)}) "{DELIMITER}" {quoted(folder.name)}')
    return f"{verb} completed"


def select(session: Session, cursor: Cursor, *, read_only: bool = False) -> str:
    session.select(None)  # whatever comes of it, RFC 3501 §6.3.1
    folder = _folder(session, cursor)
    session.select(folder, read_only=read_only)
    keywords = sorted({flag for mail in folder.mails.values() for flag in mail.flags} - set(SYSTEM_FLAGS))
    flags = " ".join([*SYSTEM_FLAGS, *keywords])
    unseen = [number for number, mail in enumerate(folder.mails.values(), 1) if "\\Seen" not in mail.flags]
    session.say(f"FLAGS ({flags})")
    permanent = "" if read_only else rf"{flags} \*"
    session.say(f"OK [PERMANENTFLAGS ({permanent})] kept")
    session.say(f"{len(folder.mails)} EXISTS")
    session.say("0 RECENT")
    if unseen:
        session.say(f"OK [UNSEEN {unseen[0]}] first unseen")
    session.say(f"OK [UIDVALIDITY {folder.validity}] valid")
    session.say(f"OK [UIDNEXT {folder.next_uid}] predicted")
    return "[READ-ONLY] EXAMINE completed" if read_only else "[READ-WRITE] SELECT completed"


def status(session: Session, cursor: Cursor) -> str:
    cursor.space()
    folder = _known(session, cursor.folder())
    cursor.space()
    asked = _names(cursor)
    cursor.end()
    told = {
        "MESSAGES": len(folder.mails),
        "RECENT": 0,
        "UIDNEXT": folder.next_uid,
        "UIDVALIDITY": folder.validity,
        "UNSEEN": sum("\\Seen" not in mail.flags for mail in folder.mails.values()),
    }
    for name in asked:
        if name not in told:
            raise Malformed(f"{name} isn't known here")
    session.say(f"STATUS {quoted(folder.name)} ({' '.join(f'{name} {told[name]}' for name in asked)})")
    return "STATUS completed"


def create(session: Session, cursor: Cursor) -> str:
    cursor.space()
    name = cursor.folder().removesuffix(DELIMITER)
    cursor.end()
    if session.box.find(name) is not None:
        raise Refused("[ALREADYEXISTS] there is such a folder")
    if not all(name.split(DELIMITER)) or any(sign in name for sign in "%*"):
        raise Refused("[CANNOT] that is no name for a folder")
    session.box.create(name)
    return "CREATE completed"


def subscribe(session: Session, cursor: Cursor, *, wanted: bool = True) -> str:
    _folder(session, cursor).subscribed = wanted
    return "SUBSCRIBE completed" if wanted else "UNSUBSCRIBE completed"


def append(session: Session, cursor: Cursor) -> str:
    cursor.space()
    name = cursor.folder()
    cursor.space()
    flags = cursor.flags_if_any()
    if flags is not None:
        cursor.space()
    at = cursor.moment_if_any()
    if at is not None:
        cursor.space()
    message = cursor.literal()
    cursor.end()
    folder = session.box.find(name)
    if folder is None:
        raise Refused("[TRYCREATE] there is no such folder")
    mail = folder.add(message, session.post.clock() if at is None else at, flags or ())
    session.post.note(session.box, "appended", mail, folder, " ".join(sorted(mail.flags)))
    return f"[APPENDUID {folder.validity} {mail.uid}] APPEND completed"


def namespace(session: Session, cursor: Cursor) -> str:
    cursor.end()
    session.say(f'NAMESPACE (("" "{DELIMITER}")) NIL NIL')
    return "NAMESPACE completed"


def _folder(session: Session, cursor: Cursor) -> Folder:
    cursor.space()
    name = cursor.folder()
    cursor.end()
    return _known(session, name)


def _known(session: Session, name: str) -> Folder:
    folder = session.box.find(name)
    if folder is None:
        raise Refused("[NONEXISTENT] there is no such folder")
    return folder


def _names(cursor: Cursor) -> list[str]:
    cursor.mark(b"(")
    names = [cursor.atom().upper()]
    while not cursor.skip(b")"):
        cursor.space()
        names.append(cursor.atom().upper())
    return names


def _pattern(pattern: str) -> re.Pattern[str]:
    """`*` is anything, `%` anything within a level; INBOX in any case (RFC 3501 §6.3.8)."""
    # Neighbouring wildcards are one, or a row of them would take the matcher for ever.
    parts = re.findall(r"[%*]+|[^%*]+", pattern)
    wild = {True: ".*", False: f"[^{DELIMITER}]*"}
    text = "".join(wild["*" in part] if part[0] in "%*" else re.escape(part) for part in parts)
    return re.compile(text, re.IGNORECASE if pattern.upper() == "INBOX" else 0)
