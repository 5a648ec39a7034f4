"""What a Postfix would log."""

from __future__ import annotations

from datetime import UTC, datetime

from warmup.mta import Follower

NOW = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)
SLOW = "421 4.7.28 Our system has detected an unusual rate of unsolicited mail"


def following(log: object) -> Follower:
    return Follower(str(log), lambda: NOW)


def entries(name: str) -> list[tuple[str, str]]:
    """Identifier and words of what is logged of one message that is deferred."""
    queue_id = f"{abs(hash(name)):012X}"[:12]
    relay = "relay=mx.far.test[192.0.2.25]:25, delay=1, delays=0/0/0/1"
    said = f"status=deferred (host mx.far.test[192.0.2.25] said: {SLOW} (in reply to RCPT TO command))"
    return [
        ("postfix/cleanup", f"{queue_id}: message-id=<{name}@alpha.test>"),
        ("postfix/smtp", f"{queue_id}: to=<zoe@far.test>, {relay}, dsn=4.7.28, {said}"),
    ]


def arrival(name: str) -> str:
    return _line(*entries(name)[0])


def refusal(name: str) -> str:
    return _line(*entries(name)[1])


def both(name: str) -> str:
    return arrival(name) + refusal(name)


def _line(identifier: str, words: str) -> str:
    return f"Nov 25 01:02:03 mail {identifier}[123]: {words}\n"
