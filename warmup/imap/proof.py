"""Whether a message is ours: the label in its header, which nobody else can make.

Owns: comparing. Does not own: making labels (`warmup.model.Install.token`).
Sources: RFC 5322 §2.2.3 (folded fields), §3.6.4 (Message-ID).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

_FOLD = re.compile(rb"\r?\n(?=[ \t])")
_NAME = re.compile(rb"[!-9;-~]+[ \t]*")  # blanks before the colon are old style, RFC 5322 §4.5


@dataclass(frozen=True, slots=True)
class Proof:
    """What proves a message to be one of ours: its field named `label` has the value for its Message-ID."""

    label: str
    values: Mapping[str, str]  # Message-ID → the label's value

    def without(self, found: Collection[str]) -> Proof:
        return Proof(self.label, {name: value for name, value in self.values.items() if name not in found})

    def names(self, header: bytes) -> str | None:
        """The Message-ID under which we sent the message with this header; None: it isn't one of those.

        One with a Message-ID of ours and another label, or two, is a forgery. One with a label of ours and a strange
        Message-ID had that replaced on its way (Outlook and Amazon SES do).
        """
        labels, names = field(header, self.label), field(header, "Message-ID")
        if len(labels) != 1:
            return None
        ours = [name for name in names if name in self.values]
        if not ours:
            ours = [name for name, value in self.values.items() if value == labels[0]]
        return ours[0] if [self.values[name] for name in ours] == [*labels] else None


@lru_cache(maxsize=16)
def _parsed(header: bytes) -> Mapping[str, Sequence[str]]:
    """The values by their names in small letters. Several fields of the same header are asked for, one after the other.

    By hand: the email package takes ten times as long, and there is a header to read for every message.
    """
    found: dict[str, list[str]] = {}
    for line in _FOLD.sub(b" ", header).splitlines():
        name, colon, value = line.partition(b":")
        if not colon or not _NAME.fullmatch(name):
            break  # a line that is no field ends the header, whatever follows
        found.setdefault(name.rstrip().decode().lower(), []).append(" ".join(value.decode("utf-8", "replace").split()))
    return found


def field(text: bytes, name: str) -> Sequence[str]:
    """The values of all fields of that name in the header with which a text begins, unfolded."""
    return _parsed(text.partition(b"\r\n\r\n")[0]).get(name.lower(), ())
