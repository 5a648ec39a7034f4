"""SEARCH: which messages?

Owns: the criteria, as tests on a message. Does not own: where they are looked for (`warmup.sandbox.messages`).
Sources: RFC 3501 §6.4.4. Header values are compared as they stand, without decoding encoded words.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from datetime import UTC, date

from .mail import Mail
from .parse import Cursor, Malformed

Test = Callable[[Mail], bool]

_CHARSET = re.compile(rb"CHARSET ", re.IGNORECASE)
_DEEPEST = 20  # NOTs, ORs and parentheses in each other
_FLAGS = {
    "ANSWERED": "\\Answered",
    "DELETED": "\\Deleted",
    "DRAFT": "\\Draft",
    "FLAGGED": "\\Flagged",
    "SEEN": "\\Seen",
}


def criteria(cursor: Cursor, view: Sequence[int]) -> Test:
    """All that is to the right of the cursor; `view` are the UIDs in the folder by sequence number."""
    if cursor.accept(_CHARSET):
        if cursor.astring().upper() not in {b"UTF-8", b"US-ASCII"}:
            raise Malformed("the character set must be UTF-8 or US-ASCII")
        cursor.space()
    test = _all(cursor, view, 0)
    cursor.end()
    return test


def _all(cursor: Cursor, view: Sequence[int], depth: int) -> Test:
    tests = [_one(cursor, view, depth)]
    while cursor.skip(b" "):
        tests.append(_one(cursor, view, depth))
    return lambda mail: all(test(mail) for test in tests)


def _one(cursor: Cursor, view: Sequence[int], depth: int) -> Test:
    if depth > _DEEPEST:
        raise Malformed("too many criteria in each other")
    if cursor.skip(b"("):
        test = _all(cursor, view, depth + 1)
        cursor.mark(b")")
        return test
    if (numbers := cursor.numbers_if_any()) is not None:
        uids = {view[number - 1] for number in numbers.among(range(1, len(view) + 1), len(view))}
        return lambda mail: mail.uid in uids
    key = cursor.atom().upper()
    if key == "NOT":
        cursor.space()
        test = _one(cursor, view, depth + 1)
        return lambda mail: not test(mail)
    if key == "OR":
        cursor.space()
        one = _one(cursor, view, depth + 1)
        cursor.space()
        other = _one(cursor, view, depth + 1)
        return lambda mail: one(mail) or other(mail)
    if key in _PLAIN:
        return _PLAIN[key]
    if key not in _WITH_ARGUMENT:
        raise Malformed(f"{key} is no criterion known here")
    cursor.space()
    return _WITH_ARGUMENT[key](cursor, view)


def _always(mail: Mail) -> bool:
    return True


def _not(test: Test) -> Test:
    return lambda mail: not test(mail)


def _flagged(flag: str) -> Test:
    return lambda mail: flag.lower() in {known.lower() for known in mail.flags}


def _dated(compare: Callable[[date, date], bool], day: date) -> Test:
    return lambda mail: compare(mail.at.astimezone(UTC).date(), day)


def _headed(name: str, value: bytes) -> Test:
    """A field of that name that holds the value, in any case; an empty value: any such field."""
    name, value = name.lower(), value.lower()
    return lambda mail: any(field.name == name and value in field.value.lower() for field in mail.fields)


def _uid(cursor: Cursor, view: Sequence[int]) -> Test:
    uids = set(cursor.numbers().among(view, view[-1] if view else 0))
    return lambda mail: mail.uid in uids


def _header(cursor: Cursor, view: Sequence[int]) -> Test:
    name = cursor.astring().decode("latin-1")
    cursor.space()
    return _headed(name, cursor.astring())


def _larger(cursor: Cursor, view: Sequence[int]) -> Test:
    size = cursor.number()
    return lambda mail: len(mail.raw) > size


def _smaller(cursor: Cursor, view: Sequence[int]) -> Test:
    size = cursor.number()
    return lambda mail: len(mail.raw) < size


def _body(cursor: Cursor, view: Sequence[int]) -> Test:
    sought = cursor.astring().lower()
    return lambda mail: sought in mail.text.lower()


def _text(cursor: Cursor, view: Sequence[int]) -> Test:
    sought = cursor.astring().lower()
    return lambda mail: sought in mail.raw.lower()


_PLAIN: dict[str, Test] = {
    "ALL": _always,
    "OLD": _always,  # nothing is ever \Recent here
    "NEW": _not(_always),
    "RECENT": _not(_always),
    **{key: _flagged(flag) for key, flag in _FLAGS.items()},
    **{f"UN{key}": _not(_flagged(flag)) for key, flag in _FLAGS.items()},
}
_WITH_ARGUMENT: dict[str, Callable[[Cursor, Sequence[int]], Test]] = {
    "UID": _uid,
    "HEADER": _header,
    "KEYWORD": lambda cursor, view: _flagged(cursor.flag()),
    "UNKEYWORD": lambda cursor, view: _not(_flagged(cursor.flag())),
    "SINCE": lambda cursor, view: _dated(operator.ge, cursor.date()),
    "BEFORE": lambda cursor, view: _dated(operator.lt, cursor.date()),
    "ON": lambda cursor, view: _dated(operator.eq, cursor.date()),
    "LARGER": _larger,
    "SMALLER": _smaller,
    "BODY": _body,
    "TEXT": _text,
    **{
        key: lambda cursor, view, key=key: _headed(key, cursor.astring())  # type: ignore[misc]
        for key in ("FROM", "TO", "CC", "BCC", "SUBJECT")
    },
}
