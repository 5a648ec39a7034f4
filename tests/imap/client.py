"""The parts of conversations that most tests share, and the client's side of their beginning."""

from __future__ import annotations

import base64
import ssl

from warmup.imap import Access, Errand, Sighting, Timeouts, sign_in
from warmup.model import Placement, Response, Security

from .conftest import Serve
from .server import Server

SECRET = "correct horse battery staple"
B64_SECRET = base64.b64encode(SECRET.encode()).decode()
B64_PLAIN = base64.b64encode(f"\0ann\0{SECRET}".encode()).decode()
PATIENT = Timeouts(connect=5, command=5, transfer=5, logout=5)
HASTY = Timeouts(connect=0.4, command=0.4, transfer=0.4, logout=0.4)
LABEL = "X-Warmup"

FOLDERS = r"""
S: * LIST (\HasNoChildren) "/" INBOX
S: * LIST (\HasNoChildren \Junk) "/" Junk
S: * LIST (\HasNoChildren \Sent) "/" Sent
S: * LIST (\HasNoChildren \Trash) "/" Trash
S: * LIST (\HasNoChildren) "/" "Old mail"
"""
LOGOUT = """
C: a LOGOUT
S: * BYE so long
S: a OK done
"""


def hello(offers: str = "IMAP4rev1 AUTH=PLAIN") -> str:
    return f"""
        S: * OK [CAPABILITY IMAP4rev1 RUBBISH] ready
        {capability(offers)}
    """


def capability(offers: str) -> str:
    return f"""
        C: a CAPABILITY
        S: * CAPABILITY {offers}
        S: a OK done
    """


def authenticate(answer: str = "a OK in", plain: str = B64_PLAIN) -> str:
    return f"""
        C: a AUTHENTICATE PLAIN
        S: +
        C: {plain}
        S: {answer}
    """


def session(rest: str = "", *, offers: str = "IMAP4rev1 UIDPLUS MOVE", folders: str = FOLDERS) -> str:
    """A conversation that begins with a sign-in, and goes on with `rest`."""
    namespace = 'C: a NAMESPACE\nS: * NAMESPACE (("" "/")) NIL NIL\nS: a OK done' if "NAMESPACE" in offers else ""
    return f"""
        {hello()}
        {authenticate(f"a OK [CAPABILITY {offers}] in")}
        {capability(offers)}
        {namespace}
        C: a LIST "" "*"
        {folders}
        S: a OK done
        {rest}
    """


def selected(command: str, folder: str, *, exists: int = 1, validity: int = 7, permanent: str = r"\Seen \*") -> str:
    return f"""
        C: a {command} "{folder}"
        S: * FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)
        S: * {exists} EXISTS
        S: * 0 RECENT
        S: * OK [UIDVALIDITY {validity}] UIDs valid
        S: * OK [PERMANENTFLAGS ({permanent})] limited
        S: a OK done
    """


def empty(folder: str, message_id: str = "<a@x>") -> str:
    """A folder without mail is looked into for a message: what is searched for is said before that is known."""
    return selected("EXAMINE", folder, exists=0) + searched(message_id)


def refused(command: str, words: str, *along: str) -> str:
    """A refusal of a command, and of what was said along with it."""
    others = "".join(f"C: a {other}\nS: a BAD no folder is selected\n" for other in along)
    return f"C: a {command}\nS: a {words}\n{others}"


def searched(message_id: str, *uids: int) -> str:
    return f"""
        C: a UID SEARCH HEADER Message-ID "{message_id}"
        S: * SEARCH {" ".join(map(str, uids))}
        S: a OK done
    """


def header(uid: int, message_id: str, label: str = "t1", flags: str = "") -> str:
    """One message in the answer to a FETCH of the fields that prove it ours."""
    return (
        f"S: * {uid} FETCH (UID {uid} FLAGS ({flags}) BODY[HEADER.FIELDS (MESSAGE-ID X-WARMUP)]"
        f" ⟨Message-ID: {message_id}|X-Warmup: {label}||⟩)"
    )


def fetched(messages: str, *headers: str, command: str = "UID FETCH") -> str:
    lines = "\n".join(headers)
    return f"""
        C: a {command} {messages} (UID FLAGS BODY.PEEK[HEADER.FIELDS (MESSAGE-ID X-WARMUP)])
        {lines}
        S: a OK done
    """


def newest(*headers: str, exists: int = 1) -> str:
    return fetched(f"{max(1, exists - 99)}:*", *headers, command="FETCH")


async def signing_in(
    server: Server,
    tls: ssl.SSLContext,
    security: Security = Security.PLAIN,
    *,
    secret: str = SECRET,
    login: str = "ann",
    timeouts: Timeouts = PATIENT,
    errand: Errand | None = None,
) -> Access | Response:
    return await sign_in(server.endpoint(security), login, secret, tls=tls, timeouts=timeouts, errand=errand)


async def signed_in(
    server: Server,
    tls: ssl.SSLContext,
    security: Security = Security.PLAIN,
    *,
    timeouts: Timeouts = PATIENT,
    errand: Errand | None = None,
) -> Access:
    access = await signing_in(server, tls, security, timeouts=timeouts, errand=errand)
    assert isinstance(access, Access), access
    return access


# A conversation about one message of ours.
OURS = {"<a@x>": "t1"}
MESSAGE = b"Message-ID: <a@x>\r\nX-Warmup: t1\r\n\r\nHello (\r\n"
INBOX = Sighting("<a@x>", "INBOX", 5, 7, Placement.INBOX)
JUNK = Sighting("<a@x>", "Junk", 5, 7, Placement.JUNK)
FOUND = selected("EXAMINE", "INBOX") + searched("<a@x>", 5) + fetched("5", header(5, "<a@x>"))
NOT_IN_INBOX = selected("EXAMINE", "INBOX") + searched("<a@x>") + newest()
FOUND_IN_JUNK = NOT_IN_INBOX + selected("EXAMINE", "Junk") + searched("<a@x>", 5) + fetched("5", header(5, "<a@x>"))
ENTERED = selected("SELECT", "INBOX") + fetched("5", header(5, "<a@x>"))
ANSWERED = "C: a UID STORE 5 +FLAGS.SILENT (\\Answered)\nS: a OK done\n"
MOVED = 'C: a UID MOVE 5 "Old mail"\nS: * OK [COPYUID 9 5 44] moved\nS: a OK done\n'


async def looking(
    serve: Serve,
    trusting: ssl.SSLContext,
    rest: str,
    *,
    offers: str = "IMAP4rev1 UIDPLUS MOVE",
    folders: str = FOLDERS,
    acting: bool = False,
) -> tuple[Access, dict[str, Sighting]]:
    """Signed in and having looked for `OURS`, in a conversation that goes on with `rest`."""
    access = await signed_in(await serve(session(rest + LOGOUT, offers=offers, folders=folders)), trusting)
    return access, await access.look(OURS, label=LABEL, acting=acting)
