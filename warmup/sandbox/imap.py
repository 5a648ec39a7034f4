"""The IMAP server: an IMAP4rev1 of our own, as small as the clients we know allow.

A connection is a loop: take a command, find its verb in a table, say what it has to say. Verbs run without awaiting, so
no two of them ever see each other's work half done.

Owns: connections, signing in, TLS, IDLE, acting out faults. Does not own: the grammar (`warmup.sandbox.parse`), the
verbs on folders and messages. Left out: DELETE, RENAME, ENVELOPE, BODYSTRUCTURE, and telling one client of the flags
another one has set.
Sources: RFC 3501, RFC 2177 (IDLE), RFC 2971 (ID), RFC 3691 (UNSELECT), RFC 4959 (SASL-IR), RFC 4616 (PLAIN), RFC 7888.
"""

from __future__ import annotations

import asyncio
import binascii
import logging
import re
import ssl
from base64 import b64decode
from collections.abc import Awaitable, Callable
from enum import IntEnum
from functools import partial

from warmup.model import Stage

from . import folders, messages
from .faults import GARBAGE, Fault, Manner, flood
from .parse import Ask, Cursor, Framer, Malformed, TooLong
from .post import Post
from .session import Refused, Session

_READ = 2**16  # octets at a time
_REST = re.compile(rb".*", re.DOTALL)
_log = logging.getLogger(__name__)


class State(IntEnum):
    """What a client has to be for a verb (RFC 3501 §3)."""

    ANY = 0
    SIGNED_IN = 1
    SELECTED = 2


def _noop(verb: str) -> Callable[[Session, Cursor], str]:
    def run(session: Session, cursor: Cursor) -> str:
        cursor.end()
        return f"{verb} completed"

    return run


def _id(session: Session, cursor: Cursor) -> str:
    session.say('ID ("name" "warmup sandbox")')
    return "ID completed"


_VERBS: dict[str, tuple[State, Callable[[Session, Cursor], str]]] = {
    "NOOP": (State.ANY, _noop("NOOP")),
    "ID": (State.ANY, _id),
    "NAMESPACE": (State.SIGNED_IN, folders.namespace),
    "LIST": (State.SIGNED_IN, folders.listing),
    "LSUB": (State.SIGNED_IN, partial(folders.listing, subscribed=True)),
    "SELECT": (State.SIGNED_IN, folders.select),
    "EXAMINE": (State.SIGNED_IN, partial(folders.select, read_only=True)),
    "STATUS": (State.SIGNED_IN, folders.status),
    "CREATE": (State.SIGNED_IN, folders.create),
    "SUBSCRIBE": (State.SIGNED_IN, folders.subscribe),
    "UNSUBSCRIBE": (State.SIGNED_IN, partial(folders.subscribe, wanted=False)),
    "APPEND": (State.SIGNED_IN, folders.append),
    "CHECK": (State.SELECTED, _noop("CHECK")),
    "CLOSE": (State.SELECTED, messages.close),
    "UNSELECT": (State.SELECTED, messages.unselect),
    "EXPUNGE": (State.SELECTED, messages.expunge),
    "SEARCH": (State.SELECTED, messages.search),
    "FETCH": (State.SELECTED, messages.fetch),
    "STORE": (State.SELECTED, messages.store),
    "COPY": (State.SELECTED, messages.copy),
    "MOVE": (State.SELECTED, messages.move),
    "UID EXPUNGE": (State.SELECTED, messages.uid_expunge),
    "UID SEARCH": (State.SELECTED, partial(messages.search, uid=True)),
    "UID FETCH": (State.SELECTED, partial(messages.fetch, uid=True)),
    "UID STORE": (State.SELECTED, partial(messages.store, uid=True)),
    "UID COPY": (State.SELECTED, partial(messages.copy, uid=True)),
    "UID MOVE": (State.SELECTED, partial(messages.move, uid=True)),
}
# While these are answered, numbers must keep their meaning (RFC 3501 §7.4.1).
_BY_NUMBER = {"SEARCH", "FETCH", "STORE"}


class Over(Exception):
    """The connection is over: the client left, or a fault ended it."""


class _Said(Exception):
    """A fault has the command answered with this, and not by us."""


class Access:
    """One client's connection. `starttls`: TLS is offered, and nobody signs in without it."""

    def __init__(
        self,
        post: Post,
        starttls: ssl.SSLContext | None,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self._post = post
        self._starttls = starttls
        self._reader = reader
        self._writer = writer
        self._framer = Framer()
        self._session = Session(post)

    async def serve(self) -> None:
        try:
            self._session.say(f"OK [CAPABILITY {self._capabilities()}] warmup sandbox ready")
            await self._flush()
            while await self._turn(await self._command()):
                pass  # what was said at once is answered at once, as Dovecot does
            await self._flush()
        except (Over, OSError):  # OSError: the client left while it was spoken to, or TLS came to nothing
            pass
        except TooLong:
            self._session.say("BYE a line or a literal is too long")
            self._writer.write(self._session.take())
        except Exception:
            _log.exception("a command could not be served")
            self._writer.write(b"* BYE internal error\r\n")
        finally:
            self._writer.close()

    async def _turn(self, command: bytes) -> bool:
        """Serve one command; False after LOGOUT."""
        cursor, tag, verb = Cursor(command), "*", ""
        try:
            tag = cursor.tag()
            cursor.space()
            verb = _verb(cursor)
            result = "OK " + await self._serve(tag, verb, cursor)
        except Malformed as error:
            result = f"BAD {error}"
        except Refused as error:
            result = f"NO {error}"
        except _Said as said:
            result = str(said)
        if verb not in _BY_NUMBER:
            self._session.tell()
        self._answer(tag, result)
        if verb == "STARTTLS" and result.startswith("OK"):
            await self._encrypt()
        return not (verb == "LOGOUT" and result.startswith("OK"))

    async def _serve(self, tag: str, verb: str, cursor: Cursor) -> str:
        if verb in _TALKS:
            return await _TALKS[verb](self, tag, cursor)
        if verb not in _VERBS:
            raise Malformed("no such command here")
        state, run = _VERBS[verb]
        self._require(state)
        stage = Stage.FETCH if state is State.SELECTED else Stage.SELECT if verb in {"SELECT", "EXAMINE"} else None
        if stage is not None and (fault := self._post.reach(stage, self._session.box.address)) is not None:
            return await self._suffer(fault, tag)
        if state is State.SELECTED and self._session.made_anew:
            # UIDs stay as they are while a folder is selected (RFC 3501 §2.3.1.1): Dovecot ends the session too.
            self._answer(tag, "BYE the folder was made anew")
            await self._flush()
            raise Over
        return run(self._session, cursor)

    async def _capability(self, tag: str, cursor: Cursor) -> str:
        cursor.end()
        self._session.say(f"CAPABILITY {self._capabilities()}")
        return "CAPABILITY completed"

    async def _starttls_offered(self, tag: str, cursor: Cursor) -> str:
        cursor.end()
        if self._starttls is None or self._encrypted:
            raise Malformed("STARTTLS isn't offered")
        return "begin TLS"

    async def _logout(self, tag: str, cursor: Cursor) -> str:
        cursor.end()
        self._session.say("BYE see you")
        return "LOGOUT completed"

    def _require(self, state: State) -> None:
        if state >= State.SIGNED_IN and not self._session.signed_in:
            raise Malformed("sign in first")
        if state >= State.SELECTED and not self._session.selected:
            raise Malformed("select a folder first")

    async def _login(self, tag: str, cursor: Cursor) -> str:
        cursor.space()
        user = cursor.astring()
        cursor.space()
        password = cursor.astring()
        cursor.end()
        return await self._sign_in(tag, user, password)

    async def _authenticate(self, tag: str, cursor: Cursor) -> str:
        cursor.space()
        if cursor.atom().upper() != "PLAIN":
            raise Refused("[CANNOT] PLAIN is the only mechanism")
        if cursor.skip(b" "):
            answer = cursor.expect(_REST, "answer")[0]
        else:
            cursor.end()
            self._session.output += b"+ \r\n"
            answer = await self._command()
        try:
            _, user, password = b64decode(answer, validate=True).split(b"\0")
        except (binascii.Error, ValueError):
            raise Malformed("that is no answer to PLAIN") from None  # not chained: it may hold a password
        return await self._sign_in(tag, user, password)

    async def _sign_in(self, tag: str, user: bytes, password: bytes) -> str:
        if self._session.signed_in:
            raise Malformed("signed in already")
        if self._starttls is not None and not self._encrypted:
            raise Refused("[PRIVACYREQUIRED] STARTTLS first")
        name = user.decode("utf-8", "replace")
        fault = self._post.reach(Stage.LOGIN, name)
        if fault is not None:
            return await self._suffer(fault, tag)
        box = self._post.sign_in(name, password.decode("utf-8", "replace"))
        if box is None:
            raise Refused("[AUTHENTICATIONFAILED] wrong user name or password")
        self._session.sign_in(box)
        return f"[CAPABILITY {self._capabilities()}] signed in"

    async def _idle(self, tag: str, cursor: Cursor) -> str:
        cursor.end()
        self._require(State.SIGNED_IN)
        watched = self._session.folder if self._session.selected else None
        self._session.tell()
        self._session.output += b"+ idling\r\n"
        if watched is not None:
            watched.watchers.add(self._tell)
        try:
            done = await self._command()
        finally:
            if watched is not None:
                watched.watchers.discard(self._tell)
        if done.upper() != b"DONE":
            raise Malformed("DONE expected")
        return "IDLE completed"

    def _tell(self) -> None:
        self._session.tell()
        self._writer.write(self._session.take())

    async def _encrypt(self) -> None:
        await self._flush()
        self._framer = Framer()  # what came in the clear behind STARTTLS isn't the client's, RFC 3501 §6.2.1
        assert self._starttls is not None
        await self._writer.start_tls(self._starttls)

    @property
    def _encrypted(self) -> bool:
        return self._writer.get_extra_info("ssl_object") is not None

    def _capabilities(self) -> str:
        base = "IMAP4rev1 LITERAL+ SASL-IR UIDPLUS MOVE SPECIAL-USE NAMESPACE IDLE ID UNSELECT"
        return f"{base} STARTTLS LOGINDISABLED" if self._starttls and not self._encrypted else f"{base} AUTH=PLAIN"

    async def _command(self) -> bytes:
        """The next whole command. Raises `TooLong`, and `Over` when the client has left."""
        while True:
            match self._framer.next():
                case bytes() as command:
                    return command
                case Ask():
                    self._session.output += b"+ go on\r\n"
                case None:
                    await self._flush()
                    data = await self._reader.read(_READ)
                    if not data:
                        raise Over
                    self._framer.feed(data)

    async def _suffer(self, fault: Fault, tag: str) -> str:
        """Act out a fault. Never returns."""
        match fault.acts:
            case Manner.ANSWER:
                raise _Said(fault.say)
            case Manner.CLOSE:
                self._answer(tag, fault.say)
                await self._flush()
                raise Over
            case Manner.DROP:
                self._writer.transport.abort()
                raise Over
            case Manner.GARBAGE:
                self._writer.write(GARBAGE)
            case Manner.FLOOD:
                for piece in flood():
                    self._writer.write(piece)
                    await self._writer.drain()
        while await self._reader.read(_READ):
            pass  # until the client leaves
        raise Over

    def _answer(self, tag: str, result: str) -> None:
        self._session.output += f"{'*' if result.startswith('BYE') else tag} {result}\r\n".encode()

    async def _flush(self) -> None:
        self._writer.write(self._session.take())
        await self._writer.drain()


# Verbs that need the connection.
_TALKS: dict[str, Callable[[Access, str, Cursor], Awaitable[str]]] = {
    "CAPABILITY": Access._capability,
    "STARTTLS": Access._starttls_offered,
    "LOGIN": Access._login,
    "AUTHENTICATE": Access._authenticate,
    "IDLE": Access._idle,
    "LOGOUT": Access._logout,
}


def _verb(cursor: Cursor) -> str:
    verb = cursor.atom().upper()
    if verb != "UID":
        return verb
    cursor.space()
    return f"UID {cursor.atom().upper()}"
