"""Autoconfig files: what Thunderbird's users are served.

Of the servers in a file the first that may be used counts. Refused are servers without TLS that aren't this machine,
security that isn't known, ports and hosts that can't be, and what isn't such a file. A document type is refused before
it is read, so there are no entities to expand and nothing to fetch.

Owns: where the files lie, and reading one. Does not own: fetching (`warmup.discovery.web`), whether a host is to be
trusted (`warmup.discovery.search`).
Sources: https://www.bucksch.org/1/projects/thunderbird/autoconfiguration/config-file-format.html; RFC 8314 §3 (TLS).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from warmup.model import Endpoint, Security

from .found import ADDRESS, DOMAIN, LOCAL

_SECURITY = {"SSL": Security.TLS, "STARTTLS": Security.STARTTLS, "plain": Security.PLAIN}
_HOST = re.compile(r"(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?)*")
_LONGEST = 254  # characters of a user name; RFC 5321 has no longer address


class Refused(Exception):
    """It isn't such a file, or names no server that may be used. The text says why, in a few words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a file says; `login` with autoconfig's words in it."""

    smtp: Endpoint
    imap: Endpoint
    login: str
    auth: tuple[str, ...]


def own(domain: str, address: str | None) -> tuple[str, ...]:
    """Where the domain itself keeps its file. It is told the address, if there is one: some write the file for it."""
    asking = f"?emailaddress={quote(address)}" if address else ""
    return (
        f"https://autoconfig.{domain}/mail/config-v1.1.xml{asking}",
        f"https://{domain}/.well-known/autoconfig/mail/config-v1.1.xml{asking}",
    )


def mozilla(domain: str) -> str:
    """Where Mozilla keeps one; it is told the domain alone."""
    return f"https://autoconfig.thunderbird.net/v1.1/{domain}"


def read(octets: bytes, domain: str, address: str | None) -> Settings:
    """The settings in a file. Raises `Refused`."""
    root = _parse(octets)
    if root.tag != "clientConfig":
        raise Refused("it is no autoconfig file")
    smtp, smtp_login, smtp_auth = _server(root, "outgoingServer", "smtp", domain, address)
    imap, imap_login, imap_auth = _server(root, "incomingServer", "imap", domain, address)
    auth = tuple(one for one in smtp_auth if one in imap_auth)
    if not auth:
        raise Refused("its servers take no password, nor OAuth")
    # A mailbox has one user name; where a file has two (iCloud's), the address opens both servers.
    login = smtp_login if smtp_login == imap_login else ADDRESS
    return Settings(smtp=smtp, imap=imap, login=login, auth=auth)


def _parse(octets: bytes) -> Element:
    builder = TreeBuilder()
    parser = expat.ParserCreate()
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = _no_doctype
    try:
        parser.Parse(octets, True)
    except (expat.ExpatError, ValueError, LookupError) as error:  # the last two of encodings, which a file may name
        raise Refused(f"it is no XML: {error}") from error
    return builder.close()


def _no_doctype(*_: object) -> None:
    raise Refused("it has a document type, which such files don't need")


def _server(
    root: Element, tag: str, kind: str, domain: str, address: str | None
) -> tuple[Endpoint, str, tuple[str, ...]]:
    why = f"it names no {kind.upper()} server"
    for element in root.iterfind(f"emailProvider/{tag}[@type='{kind}']"):
        try:
            return _endpoint(element, domain), _login(element, address), tuple(_auth(element))
        except Refused as refused:
            why = f"its {kind.upper()} server {refused}"
    raise Refused(why)


def _endpoint(element: Element, domain: str) -> Endpoint:
    host = _text(element, "hostname").replace(DOMAIN, domain).lower().rstrip(".")
    if not _HOST.fullmatch(host):
        raise Refused(f"{host[:80]!r} is no host")
    port = _text(element, "port")
    if not re.fullmatch(r"[0-9]{1,5}", port) or not 0 < int(port) < 65536:
        raise Refused(f"{host} has port {port[:20]!r}")
    word = _text(element, "socketType")
    if word not in _SECURITY:
        raise Refused(f"{host} has security {word[:20]!r}")
    server = Endpoint(host, int(port), _SECURITY[word])
    if server.security is Security.PLAIN and not server.loopback:
        raise Refused(f"{host} is without TLS")
    return server


def _login(element: Element, address: str | None) -> str:
    name = _text(element, "username") or ADDRESS
    if not name.isprintable() or len(name) > _LONGEST:
        raise Refused("has a user name that is none")
    if address and name.lower() == address.lower():
        return ADDRESS
    return LOCAL if address and name.lower() == address.lower().partition("@")[0] else name


def _auth(element: Element) -> Iterator[str]:
    """In our words. "password-encrypted" is CRAM-MD5, which we don't speak, but where TLS is the servers take PLAIN too
    more often than not; signing in will tell.
    """
    words = [(one.text or "").strip() for one in element.iterfind("authentication")]
    if not words or any(word.startswith("password-") for word in words):
        yield "password"
    if "OAuth2" in words:
        yield "oauth"


def _text(element: Element, tag: str) -> str:
    return (element.findtext(tag) or "").strip()
