"""The questions of one examination: each is asked once, and an answer is what stands there or nothing.

Owns: the shape of a question that checks know, remembering answers. Does not own: asking (`warmup.dns.lookup`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from .lookup import Answer, Resolver, Unanswered

# (name, type) → the records as text, none where there is nothing. Raises `Unanswered`.
Ask = Callable[[str, str], Awaitable[Sequence[str]]]


def asking(resolver: Resolver) -> Ask:
    """Ask this resolver, and remember."""
    answers: dict[tuple[str, str], Answer] = {}

    async def ask(name: str, kind: str) -> Sequence[str]:
        key = (name.lower().rstrip("."), kind)
        if key not in answers:
            answers[key] = await resolver.ask(name, kind)
        if not answers[key].known:
            raise Unanswered(str(answers[key]))
        return answers[key].records

    return ask
