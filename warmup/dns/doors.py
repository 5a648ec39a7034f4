"""What a server shows at its door before anybody signs in: TLS, its certificate, STARTTLS, the size it takes.

Owns: the few words of SMTP and IMAP that this takes. Does not own: speaking either (`warmup.smtp`, `warmup.imap`).
Sources: RFC 5321 §4.1.1.1 (EHLO), RFC 3207 (STARTTLS), RFC 1870 (SIZE), RFC 3501 §6.1.1 and §6.2.1 (CAPABILITY,
STARTTLS), RFC 8314 §3.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from warmup.model import Endpoint, Security

from .finding import Finding, found

_SOON = timedelta(days=14)  # a guess: time enough to get another
_SMALL = 1_000_000  # octets
_LINES = 100  # of an answer
_SIZE = re.compile(r"250[ -]SIZE (\d{1,20})\s*", re.IGNORECASE)

Trade = Literal["submission", "imap", "mx"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """A server and what it is for."""

    endpoint: Endpoint
    trade: Trade


@dataclass(slots=True)
class _Shown:
    """What was seen so far."""

    starttls: bool = False
    size: int | None = None
    expires: datetime | None = None


class _Shut(Exception):
    """It isn't answered as the protocol has it; the text says how."""


async def check(door: Door, tls: ssl.SSLContext, *, hello: str, now: datetime, seconds: float) -> list[Finding]:
    """What is to be said of a server. An MX that can't be reached isn't spoken of: port 25 is shut on many ways out."""
    name = str(door.endpoint)
    try:
        async with asyncio.timeout(seconds):
            shown = await _knock(door, tls, hello)
    except ssl.SSLCertVerificationError as error:
        return [found("server-certificate", name, f"the certificate of {name} isn't valid: {error.verify_message}")]
    except (OSError, TimeoutError, EOFError, ValueError, _Shut) as error:
        why = "no answer in time" if isinstance(error, TimeoutError) else str(error) or "it hung up"
        return [] if door.trade == "mx" else [found("server-unreached", name, f"{name}: {why}")]
    faults = _faults(door, shown, now)
    until = f", certificate good until {shown.expires:%Y-%m-%d}" if shown.expires else ""
    return faults or [found("server-ok", name, f"{name} answers{until}")]


def _faults(door: Door, shown: _Shown, now: datetime) -> list[Finding]:
    name, faults = str(door.endpoint), list[Finding]()
    if door.endpoint.security is Security.STARTTLS and not shown.starttls:
        code = "server-mx-starttls" if door.trade == "mx" else "server-starttls"
        faults.append(found(code, name, f"{name} offers no STARTTLS"))
    if shown.expires is not None and shown.expires - now < _SOON:
        faults.append(
            found("server-expiring", name, f"the certificate of {name} ends at {shown.expires:%Y-%m-%d %H:%MZ}")
        )
    if shown.size and shown.size < _SMALL:
        faults.append(found("server-small", name, f"{name} takes messages of {shown.size} octets at most"))
    return faults


async def _knock(door: Door, tls: ssl.SSLContext, hello: str) -> _Shown:
    endpoint, shown = door.endpoint, _Shown()
    implicit = endpoint.security is Security.TLS
    reader, writer = await asyncio.open_connection(endpoint.host, endpoint.port, ssl=tls if implicit else None)
    try:
        shown.expires = _expiry(writer)
        ask = _imap if door.trade == "imap" else _smtp
        await ask(reader, writer, shown, hello)
        # The certificate of an MX is its own affair: whoever delivers to it doesn't look (RFC 7435).
        if endpoint.security is Security.STARTTLS and shown.starttls and door.trade != "mx":
            await _upgrade(door, reader, writer, tls)
            shown.expires = _expiry(writer)
            if door.trade != "imap":
                await _offered(reader, writer, shown, hello)
    finally:
        writer.close()
        with suppress(OSError, TimeoutError):
            await writer.wait_closed()
    return shown


async def _upgrade(door: Door, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, tls: ssl.SSLContext) -> None:
    if door.trade == "imap":
        await _tagged(reader, writer, "STARTTLS")
    else:
        await _said(reader, writer, "STARTTLS", "220")
    await writer.start_tls(tls, server_hostname=door.endpoint.host)  # without it no name is checked


async def _smtp(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, shown: _Shown, hello: str) -> None:
    await _said(reader, writer, "", "220")
    await _offered(reader, writer, shown, hello)


async def _offered(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, shown: _Shown, hello: str) -> None:
    lines = await _said(reader, writer, f"EHLO {hello}", "250")
    shown.starttls = shown.starttls or any(re.fullmatch(r"250[ -]STARTTLS\s*", line, re.IGNORECASE) for line in lines)
    shown.size = next((int(size[1]) for line in lines if (size := _SIZE.fullmatch(line))), shown.size)


async def _said(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, command: str, code: str) -> list[str]:
    """The lines of an SMTP answer, which is to have this code."""
    if command:
        writer.write(f"{command}\r\n".encode("ascii"))
    lines = [await _line(reader)]
    while lines[-1][3:4] == "-" and len(lines) < _LINES:
        lines.append(await _line(reader))
    if not lines[-1].startswith(code):
        raise _Shut(f"it answered {lines[-1][:80]!r} to {command.partition(' ')[0] or 'the connection'}")
    return lines


async def _imap(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, shown: _Shown, hello: str) -> None:
    greeting = await _line(reader)
    if not greeting.upper().startswith(("* OK", "* PREAUTH")):
        raise _Shut(f"it said {greeting[:80]!r}")
    told = await _tagged(reader, writer, "CAPABILITY")
    shown.starttls = any("STARTTLS" in line.upper().split() for line in told if line.upper().startswith("* CAPABILITY"))


async def _tagged(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, command: str) -> list[str]:
    writer.write(f"d1 {command}\r\n".encode("ascii"))
    lines = [await _line(reader)]
    while not lines[-1].startswith("d1 ") and len(lines) < _LINES:
        lines.append(await _line(reader))
    if not lines[-1].upper().startswith("D1 OK"):
        raise _Shut(f"it answered {lines[-1][:80]!r} to {command}")
    return lines


async def _line(reader: asyncio.StreamReader) -> str:
    octets = await reader.readline()
    if not octets.endswith(b"\n"):
        raise _Shut("it hung up")
    return octets.decode("utf-8", "replace").rstrip("\r\n")


def _expiry(writer: asyncio.StreamWriter) -> datetime | None:
    certificate = writer.get_extra_info("peercert")
    if not certificate:
        return None
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(certificate["notAfter"]), UTC)
