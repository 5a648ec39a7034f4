"""What mail systems wrote is read from where it was read before, a bounded piece at a time, and left as it is."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from datetime import date

from warmup.imap import Access, Errand, Notices, hearing

from .client import LOGOUT, session, signed_in
from .conftest import Serve

SINCE = date(2026, 3, 1)
SYSTEMS = (
    'OR OR OR OR FROM "mailer-daemon" FROM "postmaster" FROM "mail delivery" FROM "microsoftexchange"'
    ' HEADER Content-Type "report"'
)


def examined(validity: int = 7, next_uid: int = 0) -> str:
    told = f"S: * OK [UIDNEXT {next_uid}] next" if next_uid else ""
    return f"""
        C: a EXAMINE "INBOX"
        S: * 9 EXISTS
        S: * OK [UIDVALIDITY {validity}] UIDs valid
        {told}
        S: a OK [READ-ONLY] done
    """


def searched(which: str, *uids: int) -> str:
    return f"""
        C: a UID SEARCH {which} {SYSTEMS}
        S: * SEARCH {" ".join(map(str, uids))}
        S: a OK done
    """


def fetched(*uids: int, flags: str = "") -> str:
    lines = "\n".join(f"S: * {uid} FETCH (UID {uid} FLAGS ({flags}) BODY[]<0> ⟨From: {uid}||⟩)" for uid in uids)
    return f"""
        C: a UID FETCH {",".join(map(str, uids))} (UID FLAGS BODY.PEEK[]<0.200000>)
        {lines}
        S: a OK done
    """


def texts(uids: Sequence[int]) -> tuple[bytes, ...]:
    return tuple(f"From: {uid}\r\n\r\n".encode() for uid in uids)


async def notices(
    serve: Serve,
    trusting: ssl.SSLContext,
    rest: str,
    *,
    validity: int = 7,
    after: int = 4,
    errand: Errand | None = None,
) -> tuple[Notices, Access]:
    access = await signed_in(await serve(session(rest + LOGOUT)), trusting, errand=errand)
    heard = await access.notices(validity=validity, after=after, since=SINCE)
    await access.close()
    return heard, access


async def test_what_came_since_is_read_in_its_order_and_to_the_end(serve: Serve, trusting: ssl.SSLContext) -> None:
    rest = examined(next_uid=20) + searched("UID 5:*", 12, 9) + fetched(9, 12)
    heard, _ = await notices(serve, trusting, rest)
    assert heard == Notices(7, 19, texts([9, 12]), more=False)


async def test_what_is_asked_first_is_asked_once(serve: Serve, trusting: ssl.SSLContext) -> None:
    rest = examined(validity=8, next_uid=3) + searched("UID 901:*") + searched("SINCE 1-Mar-2026", 2) + fetched(2)
    errand = Errand("EXAMINE", hearing(validity=7, after=900, since=SINCE))
    heard, _ = await notices(serve, trusting, rest, after=900, errand=errand)
    assert heard == Notices(8, 2, texts([2]), more=False)


async def test_the_last_mail_which_a_search_always_finds_is_not_read_again(
    serve: Serve, trusting: ssl.SSLContext
) -> None:
    heard, _ = await notices(serve, trusting, examined() + searched("UID 5:*", 4))
    assert heard == Notices(7, 4, (), more=False)


async def test_in_a_folder_that_is_new_to_us_or_made_anew_what_came_lately_is_read(
    serve: Serve, trusting: ssl.SSLContext
) -> None:
    rest = examined(validity=8, next_uid=3) + searched("UID 901:*") + searched("SINCE 1-Mar-2026", 2) + fetched(2)
    heard, _ = await notices(serve, trusting, rest, after=900)
    assert heard == Notices(8, 2, texts([2]), more=False)


async def test_many_are_read_a_page_at_a_time(serve: Serve, trusting: ssl.SSLContext) -> None:
    uids = range(10, 40)
    rest = examined(next_uid=50) + searched("UID 5:*", *uids) + fetched(*uids[:20])
    heard, _ = await notices(serve, trusting, rest)
    assert heard == Notices(7, 29, texts(uids[:20]), more=True)


async def test_one_that_is_gone_or_marked_deleted_is_passed_over(serve: Serve, trusting: ssl.SSLContext) -> None:
    rest = examined(next_uid=20) + searched("UID 5:*", 9, 12) + fetched(9, 12, flags="\\Deleted")
    heard, _ = await notices(serve, trusting, rest)
    assert heard == Notices(7, 19, (), more=False)


async def test_a_server_that_is_slow_on_purpose_says_so(serve: Serve, trusting: ssl.SSLContext) -> None:
    rest = examined(next_uid=5) + searched("UID 5:*").replace("S: a OK done", "S: a OK Success [THROTTLED]")
    _, access = await notices(serve, trusting, rest)
    assert access.throttled


async def test_a_server_that_is_not_does_not(serve: Serve, trusting: ssl.SSLContext) -> None:
    _, access = await notices(serve, trusting, examined(next_uid=5) + searched("UID 5:*"))
    assert not access.throttled
