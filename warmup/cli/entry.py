"""What an operator says of a mailbox, checked: servers, zone, curve, provider, password.

Owns: turning words into values, with an error that says what would be right. Does not own: proof or registering.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer

from warmup.config import Config
from warmup.errors import ConfigError, UsageError
from warmup.model import Endpoint, Security
from warmup.secrets import Vault

PORTS = {
    ("smtp", Security.TLS): 465,
    ("smtp", Security.STARTTLS): 587,
    ("smtp", Security.PLAIN): 587,
    ("imap", Security.TLS): 993,
    ("imap", Security.STARTTLS): 143,
    ("imap", Security.PLAIN): 143,
}

_ENDPOINT = re.compile(r"(?:\[(?P<v6>[0-9A-Fa-f:.]+)\]|(?P<host>[^\s:\[\]]+))(?::(?P<port>\d{1,5}))?", re.ASCII)


def endpoint(kind: str, text: str, security: Security | None) -> Endpoint:
    """From HOST, HOST:PORT or [IPv6]:PORT. Without a port the usual one of `kind` (RFC 8314 §7), without a security
    that of the port.
    """
    match = _ENDPOINT.fullmatch(text)
    port = int(match["port"] or 0) if match else 0
    if match is None or port > 65535:
        raise UsageError(f"--{kind} {text!r}: write HOST or HOST:PORT, an IPv6 address in brackets")
    if security is None:
        security = Security.STARTTLS if port in {587, 143} else Security.TLS
    return Endpoint(match["v6"] or match["host"], port or PORTS[kind, security], security)


def place(server: Endpoint) -> str:
    """HOST:PORT, as `endpoint` reads it."""
    return f"[{server.host}]:{server.port}" if ":" in server.host else f"{server.host}:{server.port}"


def zone_named(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:  # OSError: "Europe" is a directory of zones
        raise UsageError(f"{name!r} is no time zone; write one like Europe/Berlin or America/New_York") from error
    return name


def curve_named(name: str | None, config: Config) -> str | None:
    if name is not None:
        try:
            config.ramp(name)
        except ConfigError as error:
            raise UsageError(f"{error}; `warmup curve list` shows all") from error
    return name


def provider_named(name: str | None) -> str | None:
    if name is not None and not re.fullmatch(r"[a-z0-9.-]+", name.lower()):
        raise UsageError(f"{name!r} is no provider; write a name like google, or a domain")
    return name and name.lower()


def provider_for(address: str, named: str | None, config: Config, receiver: str | None = None) -> str:
    """The one named, or the one known to receive for the address's domain, or who was found to, or the domain."""
    domain = address.rpartition("@")[2]
    return provider_named(named) or config.provider_of.get(domain) or receiver or domain


def name_given(name: str) -> str:
    """A person's name, as it may stand in From."""
    if not name.strip() or not name.isprintable():
        raise UsageError(f"{name!r} is no name; write it on one line")
    return name.strip()


def name_of(address: str) -> str:
    """A name to sign with, from the address, until somebody gives a better one: ann.bell@… is Ann Bell."""
    words = address.partition("@")[0].replace(".", " ").replace("_", " ").replace("-", " ").split()
    return " ".join(word.capitalize() for word in words)


def password(file: str | None, address: str) -> str:
    """From a file, standard input or the terminal; never from the command line, which others can read."""
    if file is None:
        if not sys.stdin.isatty():
            raise UsageError(f"{address}: no terminal to ask for the password; use --password-file FILE or -")
        return str(typer.prompt(f"Password of {address}", hide_input=True, err=True))
    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{address}: the password can't be read from {file}: {error.strerror}") from error
    except UnicodeDecodeError:
        # Not chained: the exception carries the password's bytes.
        raise UsageError(f"{address}: the password in {file} isn't UTF-8 text") from None
    return text.removesuffix("\n").removesuffix("\r")


def asked(file: str | None, address: str) -> Callable[[], str]:
    """What gives the password: read at once, or to be asked for at the terminal. Raises `UsageError` if it can't."""
    if file is None and sys.stdin.isatty():
        return lambda: password(None, address)
    secret = password(file, address)
    return lambda: secret


@contextmanager
def kept(vault: Vault, secrets: Mapping[str, str]) -> Iterator[None]:
    """Secrets of mailboxes about to be registered: in the vault from now on, unless that fails."""
    put: list[str] = []  # what lies there of an earlier life, and wasn't replaced, stays
    try:
        for name, secret in secrets.items():
            vault.put(name, secret)
            put.append(name)
        yield
    except BaseException:
        for name in put:
            vault.delete(name)
        raise
