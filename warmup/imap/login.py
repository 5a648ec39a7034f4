"""Signing in: from a host and a password or token to folders that can be looked into.

Owns: the order of commands until then, one authentication mechanism, TLS before anything else.
Does not own: what a refusal means (`warmup.throttle`), certificates to trust (the caller's context).
Sources: RFC 3501 §6.2 (STARTTLS, AUTHENTICATE, LOGIN), RFC 4616 (PLAIN), RFC 4959 (SASL-IR), RFC 2683 §3.2.1.5
(length of a command), RFC 2595 §3.1 (forget what was said in the clear), RFC 6154 §2 (LIST with special use), RFC 2342
(NAMESPACE).
"""

from __future__ import annotations

import ssl
from base64 import b64encode
from collections.abc import Iterable, Sequence, Set
from functools import lru_cache

from aioimaplib import quoted

from warmup.errors import AccessLost, AccessRefused, SignInError
from warmup.model import Bearer, Endpoint, Response, Security, Stage
from warmup.sasl import Proof, proof

from .access import Access
from .errand import Errand
from .folders import INBOX, Folders, survey
from .grammar import Value
from .line import Answer, Farewell, Line, Question, Timeouts, granted

_COMMAND = 1000  # octets of a command, about, that every server takes
_BY_PASSWORD = frozenset(("AUTH=PLAIN",))
_BY_TOKEN = frozenset(("AUTH=OAUTHBEARER", "AUTH=XOAUTH2"))


async def sign_in(
    endpoint: Endpoint,
    login: str,
    secret: str | Bearer,
    *,
    tls: ssl.SSLContext,
    timeouts: Timeouts,
    errand: Errand | None = None,
) -> Access | Response:
    """Access to the mailbox of `login`, or the server's NO, BAD or BYE, word for word (the line is closed then). An
    `errand` is done along with asking what is offered and which folders there are; to be refused there is no refusal of
    the login.

    The stage of a Response is CONNECT, TLS, LOGIN, or SELECT when the login was taken and the folders weren't shown
    ("BAD User is authenticated but not connected."); its code is 0. There is no falling back: not to another
    mechanism, not to the clear. A server that takes no password, or no token, is answered for with a NO at LOGIN,
    ending in "(not sent)".

    Raises `AccessLost` when the line breaks, the certificate isn't trusted or STARTTLS isn't offered; `SignInError`,
    before dialling, when the password would go in the clear to another machine.
    """
    if endpoint.security is Security.PLAIN and not endpoint.loopback:
        raise SignInError(f"{endpoint}: a password isn't sent without TLS except to this machine; use tls or starttls")
    line = await Line.connect(endpoint, tls, timeouts.connect)
    try:
        wanted = _BY_TOKEN if isinstance(secret, Bearer) else _BY_PASSWORD
        offers = await _introduce(line, endpoint, wanted, tls, timeouts.command)
        if isinstance(secret, Bearer):
            mechanisms = {offer.removeprefix("AUTH=") for offer in offers if offer.startswith("AUTH=")}
            shown = proof(mechanisms, login, secret, endpoint)
            welcome = await _show(line, shown, offers, timeouts.command)
        else:
            welcome = await _prove(line, offers, login, secret, timeouts.command)
        offers, folders, answers = await _survey(line, _told(welcome), timeouts.command, errand)
        access = Access(line, offers, folders, timeouts)
        if errand is not None:
            access.entered(errand, *answers)
        return access
    except (AccessRefused, Farewell) as said:
        await line.close(timeouts.logout)
        return Response(said.stage, 0, None, said.why)
    except BaseException:
        line.drop()
        raise


async def _introduce(
    line: Line, endpoint: Endpoint, wanted: Set[str], tls: ssl.SSLContext, seconds: float
) -> frozenset[str]:
    """What is offered before signing in. That isn't asked for if the greeting has told one of those `wanted`."""
    greeting = await line.greeting(seconds)
    offers = _told(greeting)
    if not offers & ({"STARTTLS"} if endpoint.security is Security.STARTTLS else wanted):
        offers = await _capabilities(line, Stage.CONNECT, seconds)
    if endpoint.security is not Security.STARTTLS:
        return offers
    if "STARTTLS" not in offers:
        raise AccessLost(Stage.TLS, f"{endpoint.host} offers no STARTTLS, and nothing goes in the clear")
    await line.starttls(tls, seconds)
    return await _capabilities(line, Stage.TLS, seconds)


async def _prove(line: Line, offers: frozenset[str], login: str, secret: str, seconds: float) -> Answer:
    """Exactly one mechanism, once: a wrong password tried by two counts as two failures."""
    plain = b64encode(b"\0%s\0%s" % (login.encode(), secret.encode())).decode()
    line.hide(secret, quoted(secret), plain, b64encode(secret.encode()).decode())
    if "AUTH=PLAIN" in offers:
        return await _authenticate(line, "PLAIN", [plain], offers, seconds)
    if "LOGINDISABLED" in offers:
        raise AccessRefused(Stage.LOGIN, "NO the server takes neither LOGIN nor AUTHENTICATE PLAIN (not sent)")
    arguments, owed = _astrings(login, secret)
    return await line.ask(Stage.LOGIN, "LOGIN", *arguments, owed=owed, seconds=seconds)


async def _show(line: Line, shown: Proof | None, offers: Set[str], seconds: float) -> Answer:
    """The token, by one mechanism, once."""
    if shown is None:
        why = "NO the server takes neither AUTHENTICATE OAUTHBEARER nor XOAUTH2 (not sent)"
        raise AccessRefused(Stage.LOGIN, why)
    line.hide(shown.bearer.token, shown.opening)
    return await _authenticate(line, shown.mechanism, [shown.opening, shown.surrender], offers, seconds)


async def _authenticate(line: Line, mechanism: str, owed: Sequence[str], offers: Set[str], seconds: float) -> Answer:
    """The first of what is owed goes along with the command, if the server takes that and isn't asked for too much."""
    at_once = 1 if "SASL-IR" in offers and len(owed[0]) <= _COMMAND else 0
    pieces = [piece.encode() + b"\r\n" for piece in owed[at_once:]]
    return await line.ask(Stage.LOGIN, "AUTHENTICATE", mechanism, *owed[:at_once], owed=pieces, seconds=seconds)


def _astrings(*values: str) -> tuple[list[str], list[bytes]]:
    """Arguments of a command: strings in quotes as far as they can be, and what is owed from the first literal on."""
    spoken = b""
    pieces: list[bytes] = []
    for value in values:
        if value.isascii() and value.isprintable():
            spoken += b" " + quoted(value).encode()
        else:
            octets = value.encode()
            pieces.append(spoken + b" {%d}" % len(octets))
            spoken = octets
    first, *rest = [*pieces, spoken]
    return [first.decode().lstrip()], [piece + b"\r\n" for piece in rest]


async def _capabilities(line: Line, stage: Stage, seconds: float) -> frozenset[str]:
    answer = await line.ask(stage, "CAPABILITY", seconds=seconds)
    return _offered(answer)


async def _survey(
    line: Line, told: frozenset[str], seconds: float, errand: Errand | None
) -> tuple[frozenset[str], Folders, Sequence[Answer | AccessRefused]]:
    """What is offered, which folders there are, and the answers to an errand in INBOX, once signed in. What a server
    has `told` of the offers in its welcome is rarely the whole, so that is asked for; the rest along with it, and the
    folders again if there turns out to be more to ask.
    """
    asked, ahead = _of_folders(told, seconds), _of_inbox(errand, seconds)
    answers = await line.try_all(Question(Stage.LOGIN, ("CAPABILITY",), seconds), *asked, *ahead)
    capabilities, *known = map(granted, answers[: 1 + len(asked)])
    offers = _offered(capabilities)
    if (better := _of_folders(offers, seconds)) != asked:
        known = await line.ask_all(*better)
    return offers, _surveyed(*known), answers[1 + len(asked) :]


def _of_inbox(errand: Errand | None, seconds: float) -> list[Question]:
    if errand is None:
        return []
    selecting = Question(Stage.SELECT, (errand.command, quoted(INBOX)), seconds)
    return [selecting, Question(Stage.FETCH, errand.search, seconds)]


def _of_folders(offers: Set[str], seconds: float) -> list[Question]:
    # Most servers give the attributes unasked.
    extended = ["RETURN (SPECIAL-USE)"] if {"SPECIAL-USE", "LIST-EXTENDED"} <= offers else []
    spaces = [["NAMESPACE"]] if "NAMESPACE" in offers else []
    return [Question(Stage.SELECT, words, seconds) for words in (*spaces, ["LIST", '""', '"*"', *extended])]


# Many mailboxes at one host are told the same, and each of them at each visit.
@lru_cache(maxsize=256)
def _surveyed(*answers: Answer) -> Folders:
    *spaces, listed = answers
    return survey(listed.about(b"LIST"), next(spaces[0].about(b"NAMESPACE"), None) if spaces else None)


def _told(status: Answer) -> frozenset[str]:
    """What is offered, by the way of another answer: in its brackets (RFC 3501 §7.1) or beside it."""
    return _words(status.codes.get(b"CAPABILITY", b"").split()) | _offered(status)


@lru_cache(maxsize=256)
def _offered(told: Answer) -> frozenset[str]:
    return _words(word for values in told.about(b"CAPABILITY") for word in values[1:])


def _words(values: Iterable[Value]) -> frozenset[str]:
    return frozenset(word.decode("ascii", "replace").upper() for word in values if isinstance(word, bytes))
