"""What lies in Sent is counted by its recipients, from the local day's first instant, and left as it is."""

from __future__ import annotations

import ssl
from datetime import datetime, timedelta, timezone

import pytest

from warmup.errors import AccessRefused
from warmup.imap import Posted
from warmup.imap.posted import recipients

from .client import LABEL, LOGOUT, refused, selected, session, signed_in
from .conftest import Serve

SINCE = datetime(2026, 3, 2, 0, 0, tzinfo=timezone(timedelta(hours=1)))  # 1 March 23:00 in UTC
ITEMS = "(UID INTERNALDATE BODY.PEEK[HEADER.FIELDS (X-WARMUP TO CC BCC DATE)])"


def searched(*uids: int) -> str:
    return f"""
        C: a UID SEARCH SINCE 28-Feb-2026
        S: * SEARCH {" ".join(map(str, uids))}
        S: a OK done
    """


def mail(uid: int, came: str, *fields: str) -> str:
    header = "|".join(fields)
    return (
        f'S: * {uid} FETCH (UID {uid} INTERNALDATE "{came}" BODY[HEADER.FIELDS (X-WARMUP TO CC BCC DATE)] ⟨{header}||⟩)'
    )


def fetched(uids: str, *mails: str) -> str:
    lines = "\n".join(mails)
    return f"""
        C: a UID FETCH {uids} {ITEMS}
        {lines}
        S: a OK done
    """


async def sent(serve: Serve, trusting: ssl.SSLContext, rest: str) -> list[Posted] | None:
    access = await signed_in(await serve(session(selected("EXAMINE", "Sent") + rest + LOGOUT)), trusting)
    try:
        return await access.sent_since(SINCE, label=LABEL)
    finally:
        await access.close()


async def test_the_day_begins_at_local_midnight_whatever_the_servers_zone(
    serve: Serve, trusting: ssl.SSLContext
) -> None:
    found = fetched(
        "3,4,5",
        mail(3, "01-Mar-2026 22:59:59 +0000", "To: a@x.test"),
        mail(4, "01-Mar-2026 23:00:00 +0000", "To: a@x.test", "X-Warmup: t1"),
        mail(5, " 1-Mar-2026 18:00:00 -0500", "To: a@x.test, b@x.test"),
    )
    assert await sent(serve, trusting, searched(3, 4, 5) + found) == [Posted(("t1",), 1), Posted((), 2)]


async def test_an_old_mail_that_was_put_there_today_was_not_sent_today(serve: Serve, trusting: ssl.SSLContext) -> None:
    found = fetched(
        "1,2,3",
        mail(1, "02-Mar-2026 09:00:00 +0100", "Date: Fri, 27 Feb 2026 09:00:00 +0100"),
        mail(2, "02-Mar-2026 09:00:00 +0100", "Date: Mon, 2 Mar 2026 08:59:58 +0100"),
        mail(3, "02-Mar-2026 09:00:00 +0100", "Date: some day"),
    )
    assert await sent(serve, trusting, searched(1, 2, 3) + found) == [Posted((), 1)] * 2


async def test_of_very_many_the_newest_thousand_are_looked_at(serve: Serve, trusting: ssl.SSLContext) -> None:
    pages = "".join(fetched(",".join(map(str, range(first, first + 100)))) for first in range(6, 1006, 100))
    assert await sent(serve, trusting, searched(*range(1, 1006)) + pages) == []


async def test_nothing_found_is_nothing_asked_for(serve: Serve, trusting: ssl.SSLContext) -> None:
    assert await sent(serve, trusting, searched()) == []


async def test_what_a_server_tells_beside_the_answer_is_no_mail(serve: Serve, trusting: ssl.SSLContext) -> None:
    beside = (r"S: * 9 FETCH (FLAGS (\Seen))", "S: * 9 FETCH (UID 9)", 'S: * 9 FETCH (UID 9 INTERNALDATE "soon")')
    assert await sent(serve, trusting, searched(9) + fetched("9", *beside)) == []


async def test_without_a_sent_folder_nobody_can_say(serve: Serve, trusting: ssl.SSLContext) -> None:
    access = await signed_in(await serve(session(LOGOUT, folders='S: * LIST () "/" INBOX')), trusting)
    assert await access.sent_since(SINCE, label=LABEL) is None
    await access.close()


async def test_a_sent_folder_that_can_not_be_opened_is_told(serve: Serve, trusting: ssl.SSLContext) -> None:
    no = refused('EXAMINE "Sent"', "NO [NOPERM] no", "UID SEARCH SINCE 28-Feb-2026")
    access = await signed_in(await serve(session(no + LOGOUT)), trusting)
    with pytest.raises(AccessRefused, match="NOPERM"):
        await access.sent_since(SINCE, label=LABEL)
    await access.close()


@pytest.mark.parametrize(
    ("header", "count"),
    [
        ("To: a@x.test", 1),
        ('To: "Bell, Ann @ work" <a@x.test>, b@x.test (not: c@x.test)\r\nCc: c@x.test', 3),
        ("Bcc: a@x.test,\r\n b@x.test", 2),
        ("To: team: a@x.test, b@x.test;", 2),
        ("To: undisclosed-recipients:;", 1),
        ("Subject: no one at all", 1),
        ("To: a@x.test\r\nTo: b@x.test", 2),
        ('To: "an open quote, a@x.test, b@x.test', 1),
        ("To: a@x.test <a@x.test>", 1),
        ("To: " + ", ".join(f"{number}@x.test" for number in range(300)), 300),
    ],
)
def test_recipients_are_counted_however_they_are_written(header: str, count: int) -> None:
    assert recipients(f"{header}\r\n\r\n".encode()) == count
