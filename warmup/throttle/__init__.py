"""Whether to hold: what a server's answer asks for, and for how long.

Owns: the judgement of a `Response` (`judge`), what is held by it (`scope`, `elsewhere`), the form of the rules it goes
by (`rules`), reading a quoted reply (`quoted`), what can be done about it (`Rules.advice`), how a wait grows (`wait`).
Does not own: the rules and the advice (`data/throttles.toml`, `data/advice.toml`), remembering pauses (`warmup.store`),
acting on them (`warmup.daemon`), our own failures (never judged: a broken wire is an exception, and an exception is not
a provider's word).
Sources: RFC 5321 §4.2.1 (first digit), §3.8 (421), RFC 3463 (enhanced codes), RFC 4954 §6 (sign-in codes).
"""

from .advice import Advice, Topics, topics
from .backoff import wait
from .rules import Rule, Rules, Unfit, rules
from .verdict import Waits, elsewhere, judge, scope
from .words import quoted

__all__ = [
    "Advice",
    "Rule",
    "Rules",
    "Topics",
    "Unfit",
    "Waits",
    "elsewhere",
    "judge",
    "quoted",
    "rules",
    "scope",
    "topics",
    "wait",
]
