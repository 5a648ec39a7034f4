"""A census: all mail with our label is found, whatever a server finds, and whatever a stranger wrote into a header."""

from __future__ import annotations

import ssl
from datetime import date

import pytest

from warmup.audit import Copy
from warmup.errors import AccessLost, AccessRefused
from warmup.imap import census

from .client import LABEL, LOGOUT, selected, session, signed_in
from .conftest import Serve

SINCE = date(2026, 3, 2)
GMAIL = r"""
S: * LIST (\HasNoChildren) "/" INBOX
S: * LIST (\All) "/" All
S: * LIST (\Sent) "/" Sent
S: * LIST (\Trash) "/" Bin
"""
ONE = r'S: * LIST (\HasNoChildren) "/" INBOX'
OURS = "Message-ID: <a@x>|X-Warmup: t1|From: Ann <Ann@x.test>|To: bob@y.test|Date: Mon, 02 Mar 2026 23:59:00 -0700||"


def counted(folder: str, *found: int, pages: str = "1:*", exists: int = 3, label: str = ' HEADER X-Warmup ""') -> str:
    return f"""
        {selected("EXAMINE", folder, exists=exists)}
        C: a UID SEARCH {pages} SINCE 2-Mar-2026{label}
        S: * SEARCH {" ".join(map(str, found))}
        S: a OK done
    """


def fetched(messages: str, *headers: str) -> str:
    told = "\n".join(
        f"S: * {uid} FETCH (UID {uid} FLAGS () BODY[HEADER.FIELDS (MESSAGE-ID X-WARMUP FROM TO DATE)] ⟨{text}⟩)"
        for uid, text in zip(messages.split(","), headers, strict=True)
    )
    fields = "BODY.PEEK[HEADER.FIELDS (MESSAGE-ID X-WARMUP FROM TO DATE)]"
    return f"C: a UID FETCH {messages} (UID FLAGS {fields})\n{told}\nS: a OK done"


async def taken(
    serve: Serve, trusting: ssl.SSLContext, rest: str, *, folders: str = ONE, thorough: bool = False
) -> list[Copy]:
    access = await signed_in(await serve(session(rest + LOGOUT, folders=folders)), trusting)
    copies = await access.census(LABEL, since=SINCE, thorough=thorough)
    await access.close()
    return copies


async def test_what_a_header_says_is_told_whether_or_not_it_is_true(serve: Serve, trusting: ssl.SSLContext) -> None:
    forged = "Message-ID: <a@x>|X-Warmup: t1|X-Warmup: t2|Date: yesterday||"
    rest = counted("INBOX", 5, 6) + fetched("5,6", OURS, forged)
    ours, other = await taken(serve, trusting, rest)
    assert ours == Copy(
        folder="INBOX",
        uid=5,
        message_id="<a@x>",
        label="t1",
        written_by="ann@x.test",
        written_to=("bob@y.test",),
        written_on=date(2026, 3, 2),
    )
    assert (other.message_id, other.label, other.written_by, other.written_to) == ("<a@x>", "", "", ())
    assert other.written_on is None


async def test_what_a_server_finds_too_much_is_left_out_and_so_is_what_is_marked_deleted(
    serve: Serve, trusting: ssl.SSLContext
) -> None:
    strange = "Message-ID: <b@x>|X-Warmup-Not: t1||"
    gone = fetched("5,6,7", OURS, strange, OURS).replace("UID 7 FLAGS ()", "UID 7 FLAGS (\\Deleted)")
    assert [copy.uid for copy in await taken(serve, trusting, counted("INBOX", 5, 6, 7) + gone)] == [5]


async def test_all_folders_but_sent_and_trash_are_looked_into_and_the_view_of_all_is_told(
    serve: Serve, trusting: ssl.SSLContext
) -> None:
    rest = counted("INBOX", 5) + fetched("5", OURS) + counted("All", 9) + fetched("9", OURS)
    copies = await taken(serve, trusting, rest, folders=GMAIL)
    assert [(copy.folder, copy.uid, copy.view) for copy in copies] == [("INBOX", 5, False), ("All", 9, True)]


async def test_a_large_folder_is_searched_piece_by_piece(serve: Serve, trusting: ssl.SSLContext) -> None:
    search = 'SINCE 2-Mar-2026 HEADER X-Warmup ""'
    empty = "".join(
        f"\nC: a UID SEARCH {page} {search}\nS: * SEARCH\nS: a OK done\n" for page in ("5001:10000", "10001:*")
    )
    uids = ",".join(map(str, range(900001, 900101)))
    found = counted("INBOX", *range(900001, 900102), pages="1:5000", exists=10001)
    rest = found + fetched(uids, *[OURS] * 100) + "\n" + fetched("900101", OURS) + empty
    assert len(await taken(serve, trusting, rest)) == 101


async def test_a_thorough_census_leaves_nothing_to_the_servers_search(serve: Serve, trusting: ssl.SSLContext) -> None:
    rest = counted("INBOX", 5, 6, label="") + fetched("5,6", "Subject: hi||", OURS)
    assert [copy.uid for copy in await taken(serve, trusting, rest, thorough=True)] == [6]


async def test_a_search_that_is_refused_in_inbox_is_told_and_elsewhere_passed_over(
    serve: Serve, trusting: ssl.SSLContext
) -> None:
    refused = '\nC: a UID SEARCH 1:* SINCE 2-Mar-2026 HEADER X-Warmup ""\nS: a NO [CANNOT] not that\n'
    rest = selected("EXAMINE", "INBOX", exists=0) + selected("EXAMINE", "All") + refused
    assert await taken(serve, trusting, rest, folders=GMAIL) == []
    access = await signed_in(
        await serve(session(selected("EXAMINE", "INBOX") + refused + LOGOUT, folders=GMAIL)), trusting
    )
    with pytest.raises(AccessRefused, match="not that"):
        await access.census(LABEL, since=SINCE)
    await access.close()


async def test_an_answer_that_is_longer_than_a_line_may_be_is_no_answer(serve: Serve, trusting: ssl.SSLContext) -> None:
    flood = counted("INBOX", *range(1_000_000_000, 1_000_200_000))
    server = await serve(session(flood, folders=ONE))
    server.forgives = True
    access = await signed_in(server, trusting)
    with pytest.raises(AccessLost, match="a line without end"):
        await access.census(LABEL, since=SINCE)
    await access.close()


def test_the_answer_to_one_search_is_shorter_than_a_line_may_be() -> None:
    first, _, _ = next(census.searches(10**9, LABEL, SINCE)).partition(" ")
    start, end = map(int, first.split(":"))
    assert len(" 4294967295") * (end - start + 1) < 65_536


@pytest.mark.parametrize(
    ("header", "by", "to", "on"),
    [
        ('From: "eve@evil.test" <ann@x.test>\r\nTo: B <b@x>, c@x', "ann@x.test", ("b@x",), None),
        ("From: " + "(" * 100_000 + "\r\nTo: " + "<" * 100_000, "", (), None),
        ("From: " + "a" * 100_000 + "@\r\nDate: 31 Feb 2026", "", (), None),
        ("From: ann@x.test\r\nFrom: eve@evil.test\r\nDate: Tue, 3 Mar 2026 00:00", "ann@x.test, eve@evil.test", (), 3),
        ("Date: 99 Mar 2026\r\nDate: 3 Mar 2026\r\nTo: \xff\xfe@x", "", None, None),
    ],
)
def test_a_strangers_header_is_read_without_harm(
    header: str, by: str, to: tuple[str, ...] | None, on: int | None
) -> None:
    copy = census.copy(f"{LABEL}: t\r\n{header}\r\n\r\n".encode("latin-1"), LABEL, folder="INBOX", uid=1, view=False)
    assert copy is not None
    assert copy.written_by == by
    assert to is None or copy.written_to == to
    assert copy.written_on == (None if on is None else date(2026, 3, on))
