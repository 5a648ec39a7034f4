"""Whatever reaches a message, from a database, a configuration or a template, is refused or folded: it never becomes
another line of the header.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from warmup.content import Corpus, Letter, Person, compose

from .letters import ANN, TOM, body, english, letter, parsed

BREAKS = {
    "CR LF": "\r\n",
    "LF": "\n",
    "CR": "\r",
    "folded": "\r\n ",
    "NUL": "\0",
    "VT": "\v",
    "NEL": "\x85",
    "LS": "\u2028",
    "ESC": "\x1b",
}
SLIPPED = "Bcc: eve@evil.test"
NAMES = ["Date", "From", "To", "Subject", "Message-ID", "In-Reply-To", "References", "X-Warmup", "Auto-Submitted"]
NAMES += ["MIME-Version", "Content-Type", "Content-Transfer-Encoding"]


def speaking(subject: str = "Tea", text: str = "Tea?", greeting: str = "Hi {name},", sign_off: str = "Best,") -> Corpus:
    """A corpus whose vocabulary says so."""
    template = (
        "{% macro subject() %}{{ pick(subjects) }}{% endmacro %}"
        "{% macro turn1() %}{{ pick(texts) }}{% endmacro %}{% macro turn2() %}{{ pick(texts) }}{% endmacro %}"
    )
    words = {"greetings": [greeting], "sign_offs": [sign_off], "subjects": [subject], "texts": [text]}
    return english({"tea": template}, words)


def order(**change: object) -> Letter:
    return replace(letter("en/tea", 2, 1), **change)  # type: ignore[arg-type]


def template(evil: str) -> bytes:
    """An operator's own template, with the break in its source."""
    source = (
        f"{{% macro subject() %}}Tea{evil}{{% endmacro %}}{{% macro turn1() %}}Tea?{evil}{{% endmacro %}}"
        "{% macro turn2() %}Yes.{% endmacro %}"
    )
    return compose(order(), english({"tea": source}, {"greetings": ["Hi {name},"], "sign_offs": ["Best,"]}))


FIELDS: dict[str, Callable[[str], bytes]] = {
    "a display name of the sender": lambda evil: compose(order(sender=Person("Ann" + evil, ANN.address)), speaking()),
    "a display name of the recipient": lambda evil: compose(order(recipient=Person(f"T{evil}", "t@x")), speaking()),
    "a sender's address": lambda evil: compose(order(sender=Person("Ann", ANN.address + evil)), speaking()),
    "a recipient's address": lambda evil: compose(order(recipient=Person("Tom", evil + TOM.address)), speaking()),
    "a domain": lambda evil: compose(order(recipient=Person("Tom", f"tom@south{evil}.test")), speaking()),
    "a Message-ID": lambda evil: compose(order(message_id=f"<a{evil}@b.test>"), speaking()),
    "a parent's Message-ID": lambda evil: compose(order(references=(f"<a@b.test>{evil}",)), speaking()),
    "a label's name": lambda evil: compose(order(label=("X-Warmup" + evil, "a")), speaking()),
    "a label's value": lambda evil: compose(order(label=("X-Warmup", "a" + evil)), speaking()),
    "a subject of the vocabulary": lambda evil: compose(order(), speaking(subject="Tea" + evil)),
    "a text of the vocabulary": lambda evil: compose(order(), speaking(text="Tea?" + evil)),
    "a greeting of the vocabulary": lambda evil: compose(order(), speaking(greeting=evil + "Hi {name},")),
    "a sign-off of the vocabulary": lambda evil: compose(order(), speaking(sign_off="Best" + evil)),
    "an own template": template,
}


@pytest.mark.parametrize("kind", BREAKS)
@pytest.mark.parametrize("field", FIELDS)
def test_what_holds_a_break_is_refused_or_folded(field: str, kind: str) -> None:
    try:
        raw = FIELDS[field](BREAKS[kind] + SLIPPED)
    except ValueError:
        return
    head, _, _ = raw.partition(b"\r\n\r\n")
    assert [line.partition(b":")[0].decode() for line in head.split(b"\r\n") if line[:1] not in b" \t"] == NAMES
    assert list(parsed(raw).keys()) == NAMES
    assert not any(sign in head.replace(b"\r\n", b"") for sign in b"\r\n\0\x1b\v")
    assert not any(sign in line for line in body(raw) for sign in "\0\x1b")


def test_a_date_is_no_text() -> None:
    with pytest.raises(ValueError, match="zone of whole minutes"):
        order(date=datetime(2026, 1, 1, tzinfo=None))
    assert parsed(compose(order(date=datetime(2026, 1, 1, tzinfo=UTC)), speaking()))["Date"]
