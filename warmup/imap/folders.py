"""Which folder is which: what a server lists, by its attributes first and its names second.

Owns: LIST and NAMESPACE as answered, choosing INBOX, Junk and Sent, the order in which folders are looked through,
names under the namespace prefix and for the wire. Does not own: asking (`warmup.imap.access`).
Sources: RFC 3501 §7.2.2 (LIST), RFC 2342 (NAMESPACE), RFC 6154 (special use), RFC 5258 §3 (\\NonExistent).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from aioimaplib import quoted

from warmup.model import Placement

from . import customs
from .grammar import Value
from .names import decode, encode

INBOX = "INBOX"

_USES = {"\\junk": customs.JUNK, "\\sent": customs.SENT, "\\drafts": customs.DRAFTS, "\\trash": customs.TRASH}
# What the mailbox's owner wrote, threw away, or sees elsewhere already.
_ASIDE = ("\\sent", "\\drafts", "\\trash", "\\flagged", "\\important")


@dataclass(frozen=True, slots=True, kw_only=True)
class Folders:
    """The folders of a mailbox that can be selected, by the names people read."""

    inbox: str = INBOX
    junk: str | None = None
    sent: str | None = None
    names: tuple[str, ...] = (INBOX,)
    delimiter: str | None = None  # between the levels of a name; None: there is one level
    prefix: str = ""  # with which the names of personal folders begin
    everything: str | None = None  # holds what all others hold (Gmail's "All Mail")
    aside: frozenset[str] = frozenset()  # not looked into: Sent, Drafts, Trash and views of other folders
    listed: Mapping[str, str] = field(default_factory=dict)  # as the server wrote a name, where we would differ

    @property
    def order(self) -> tuple[tuple[str, Placement], ...]:
        """Where to look for a message: INBOX, Junk, the rest, and last of all the folder that holds everything."""
        first = [self.inbox, *filter(None, [self.junk])]
        last = [*filter(None, [self.everything])]
        rest = [name for name in self.names if name not in self.aside.union(first, last)]
        return tuple((name, self.placement(name)) for name in (*first, *rest, *last))

    def placement(self, name: str) -> Placement:
        return {self.inbox: Placement.INBOX, self.junk: Placement.JUNK}.get(name, Placement.OTHER)

    def personal(self, name: str) -> str:
        """The whole name of a folder of ours: with the server's delimiter for "/", under the prefix."""
        name = name.replace("/", self.delimiter) if self.delimiter else name
        return name if name.upper() == INBOX or name.startswith(self.prefix) else self.prefix + name

    def wire(self, name: str) -> str:
        """`name` as an argument of a command."""
        written: str = quoted(self.listed.get(name) or encode(name))
        return written

    def having(self, name: str) -> Folders:
        """These and one more."""
        return self if name in self.names else replace(self, names=(*self.names, name))


@dataclass(frozen=True, slots=True)
class _Listed:
    """A folder as LIST tells of it."""

    name: str
    written: str  # as the server wrote the name
    attributes: frozenset[str]  # in lower case
    delimiter: str | None


def survey(listed: Iterable[list[Value]], namespace: list[Value] | None) -> Folders:
    """The folders in the answers to LIST, and to NAMESPACE where the server has it.

    Folders of others and shared ones aren't the operator's, and are left out, as are names that are no text.
    """
    prefix, delimiter, foreign = _namespace(namespace or [])
    own = [folder for folder in map(_listed, listed) if folder is not None and not folder.name.startswith(foreign)]
    if delimiter is None:
        delimiter = next((folder.delimiter for folder in own if folder.delimiter), None)
    folders = {folder.name: folder for folder in own if not folder.attributes & {"\\noselect", "\\nonexistent"}}
    uses = {use: folder.name for folder in reversed(folders.values()) for use in folder.attributes}
    for use, known in _USES.items():
        if use not in uses and (customary := _customary(folders, known, prefix, delimiter)):
            uses[use] = customary
    return Folders(
        junk=uses.get("\\junk"),
        sent=uses.get("\\sent"),
        names=tuple(folders),
        delimiter=delimiter,
        prefix=prefix,
        everything=uses.get("\\all"),
        aside=frozenset(uses[use] for use in _ASIDE if use in uses),
        listed={name: folder.written for name, folder in folders.items() if folder.written != encode(name)},
    )


def _listed(values: list[Value]) -> _Listed | None:
    match values:
        case [_, [*attributes], mark, bytes(raw), *_] if (name := _name(raw)) is not None:
            return _Listed(
                name=name,
                written=INBOX if name == INBOX else raw.decode(),
                attributes=frozenset(_text(attribute).lower() for attribute in attributes),
                delimiter=_text(mark) or None,
            )
        case _:
            return None


def _name(raw: bytes) -> str | None:
    """A name as people read it; None: it's no text."""
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return None
    if text.upper() == INBOX:  # RFC 3501 §5.1: in any case of letters
        return INBOX
    try:
        return decode(text)
    except ValueError:
        return text  # a server that writes UTF-8, or a bare "&", takes the same back


def _namespace(values: list[Value]) -> tuple[str, str | None, tuple[str, ...]]:
    """The prefix and the delimiter of the personal namespace, and the prefixes of all others."""
    kinds: list[list[tuple[str, str | None]]] = []
    for group in values[1:]:
        entries = [entry for entry in group if isinstance(entry, list)] if isinstance(group, list) else []
        kinds.append([(_text(entry[0]), _text(entry[1]) or None) for entry in entries if len(entry) > 1])
    (prefix, delimiter), *_ = [*kinds[0], ("", None)] if kinds else [("", None)]
    return prefix, delimiter, tuple(first for kind in kinds[1:] for first, _ in kind if first)


def _text(value: Value) -> str:
    return (_name(value) or "") if isinstance(value, bytes) else ""


def _customary(names: Iterable[str], known: tuple[str, ...], prefix: str, delimiter: str | None) -> str | None:
    """The folder that has the earliest of the `known` names."""
    stems = [prefix, *(f"{top}{delimiter}" for top in (INBOX, "[Gmail]", "[Google Mail]") if delimiter)]
    plain = {name: _plain(name, stems) for name in names}
    found = [name for name in plain if plain[name] in known]
    return min(found, key=lambda name: known.index(plain[name]), default=None)


def _plain(name: str, stems: list[str]) -> str:
    for stem in stems:
        name = name.removeprefix(stem)
    return unicodedata.normalize("NFC", name).lower()
