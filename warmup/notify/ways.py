"""The ways by which a notice is told that need no mailbox: a webhook, Slack, a command.

A webhook gets JSON, signed: `X-Warmup-Signature: t=SECONDS,v1=HEX`, where HEX is the HMAC-SHA256 of `SECONDS.` and the
body with the key, so that a copy can be told from news by its age.

Owns: what is sent, and whether trying again makes sense. Does not own: HTTPS (`warmup.https`), e-mail
(`warmup.daemon.herald`).
Sources: RFC 2104 (HMAC); Slack, "Sending messages using incoming webhooks".
"""

from __future__ import annotations

import hashlib
import hmac
import json
import ssl
import subprocess
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from warmup import https
from warmup.errors import SecretError
from warmup.secrets.files import private

from .notice import Kind, Notice

_PATIENCE = 30.0  # seconds for a command; a guess


class Untold(Exception):
    """It couldn't be told, and why, without a secret. `hopeless`: trying again is no use."""

    def __init__(self, why: str, *, hopeless: bool = False) -> None:
        super().__init__(why)
        self.hopeless = hopeless


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """Where notices go. `url_file` and `key_file` hold the secrets; `sender` and `recipient` are mailboxes."""

    name: str
    kind: str  # webhook, slack, mail or command
    events: frozenset[Kind]
    url_file: Path | None = None
    key_file: Path | None = None
    run: tuple[str, ...] = ()
    sender: str = ""
    recipient: str = ""


@dataclass(frozen=True, slots=True)
class _Request:
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


def tell(channel: Channel, notice: Notice, *, tls: ssl.SSLContext, now: datetime) -> None:
    """Tell it, by any way but mail. Raises `Untold`."""
    if channel.kind == "command":
        _run(channel, notice)
        return
    assert channel.url_file is not None, "the configuration sees to that"
    request = _slack(notice) if channel.kind == "slack" else _webhook(channel, notice, now)
    try:
        answer = https.post(
            _secret(channel.url_file), request.body, {"Content-Type": "application/json"} | request.headers, tls
        )
    except https.Unanswered as why:
        raise Untold(str(why)) from None
    if not 200 <= answer.status < 300:
        hopeless = 300 <= answer.status < 500 and answer.status not in {408, 425, 429}
        raise Untold(f"{answer.host} answered {answer.status}", hopeless=hopeless)


def document(notice: Notice) -> bytes:
    """A notice as programs are told it."""
    told = {"event": notice.kind, "key": notice.key, "at": notice.at.isoformat(), "text": notice.text}
    return json.dumps(told | {"more": notice.more, "fields": dict(notice.fields)}).encode()


def signature(key: bytes, body: bytes, now: datetime) -> str:
    """What the header says of a body sent at `now`."""
    seconds = int(now.timestamp())
    return f"t={seconds},v1={hmac.new(key, f'{seconds}.'.encode() + body, hashlib.sha256).hexdigest()}"


def _webhook(channel: Channel, notice: Notice, now: datetime) -> _Request:
    body = document(notice)
    if channel.key_file is None:
        return _Request(body)
    return _Request(body, {"X-Warmup-Signature": signature(_secret(channel.key_file).encode(), body, now)})


def _slack(notice: Notice) -> _Request:
    text = "\n".join(filter(None, (f"warmup: {notice.text}", notice.more)))
    for sign, written in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):  # Slack's control characters
        text = text.replace(sign, written)
    return _Request(json.dumps({"text": text}).encode())


def _run(channel: Channel, notice: Notice) -> None:
    try:
        ended = subprocess.run(  # noqa: S603 - the operator's own command, without a shell
            channel.run,
            input=document(notice),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise Untold(f"{channel.run[0]} wasn't done within {_PATIENCE:g} s") from None
    except OSError as error:
        raise Untold(f"{channel.run[0]} can't be run: {error.strerror}") from None
    if ended.returncode:
        raise Untold(f"{channel.run[0]} ended with {ended.returncode}")


def _secret(file: Path) -> str:
    """Read anew each time, so that it can be changed."""
    try:
        return private(file).decode().strip()
    except SecretError as error:
        raise Untold(str(error)) from None
    except OSError as error:
        raise Untold(f"{file}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise Untold(f"{file} isn't UTF-8 text") from None
