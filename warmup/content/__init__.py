"""What a message says: the bytes of one turn of a conversation.

A `Corpus` is the conversations that can be had (templates), each in a `Language` that has the words for it. A `Letter`
is the order for one message. `compose` turns one into the other's words: the same letter gives the same bytes, in every
process. A reply quotes its parents by writing them again from the same seed, so no text is ever stored; the price is
that a template or list changed in the middle of a thread changes what its next reply quotes.

Owns: wording, quoting, headers, encoding.
Does not own: which scenario, whom or when (`warmup.plan`), the files (`warmup.config`), the label's value and the
Message-ID (`warmup.model`), the sending (`warmup.smtp`).
Sources: RFC 5322 (message), RFC 2045 (MIME, quoted-printable), RFC 2047 (encoded words), RFC 6532 (UTF-8 headers).
"""

from .compose import Style, compose
from .corpus import Corpus, Scenario, trial
from .language import Language
from .letter import Letter, Person
from .lint import Flaw, lint

__all__ = ["Corpus", "Flaw", "Language", "Letter", "Person", "Scenario", "Style", "compose", "lint", "trial"]
