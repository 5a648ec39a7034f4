"""Whether a message is ours: the label in its header, which nobody else can make.

Owns: comparing. Does not own: making labels (`warmup.model.Install.token`).
Sources: RFC 5322 §2.2.3 (folded fields), §3.6.4 (Message-ID).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesHeaderParser
from functools import lru_cache


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
        return ours[0] if [self.values[name] for name in ours] == labels else None


@lru_cache(maxsize=16)
def _parsed(header: bytes) -> Message:
    """Several fields of the same header are asked for, one after the other."""
    return BytesHeaderParser().parsebytes(header)


def field(text: bytes, name: str) -> list[str]:
    """The values of all fields of that name in the header with which a text begins, unfolded."""
    header = _parsed(text.partition(b"\r\n\r\n")[0])
    return [" ".join(str(value).split()) for value in header.get_all(name, [])]
