"""Which folder is which, at the servers there are."""

from __future__ import annotations

import pytest

from warmup.imap import Folders, customs
from warmup.imap.folders import survey
from warmup.imap.grammar import read
from warmup.imap.names import encode
from warmup.model import Placement


def listed(table: str, namespace: str | None = None) -> Folders:
    lines = [line.strip().encode() for line in table.strip().splitlines()]
    return survey((read(line) for line in lines), read(namespace.encode()) if namespace else None)


GMAIL = r"""
    LIST (\HasNoChildren) "/" "INBOX"
    LIST (\HasChildren \Noselect) "/" "[Gmail]"
    LIST (\All \HasNoChildren) "/" "[Gmail]/All Mail"
    LIST (\Drafts \HasNoChildren) "/" "[Gmail]/Drafts"
    LIST (\HasNoChildren \Important) "/" "[Gmail]/Important"
    LIST (\HasNoChildren \Sent) "/" "[Gmail]/Sent Mail"
    LIST (\HasNoChildren \Junk) "/" "[Gmail]/Spam"
    LIST (\Flagged \HasNoChildren) "/" "[Gmail]/Starred"
    LIST (\HasNoChildren \Trash) "/" "[Gmail]/Trash"
    LIST (\HasNoChildren) "/" "Receipts"
"""
OUTLOOK = r"""
    LIST (\HasNoChildren \Trash) "/" Deleted
    LIST (\HasNoChildren \Drafts) "/" Drafts
    LIST (\Marked \HasNoChildren) "/" Inbox
    LIST (\HasNoChildren \Junk) "/" Junk
    LIST (\HasNoChildren) "/" Notes
    LIST (\HasNoChildren \Sent) "/" Sent
"""
DOVECOT = r"""
    LIST (\HasNoChildren) "." INBOX.Spam
    LIST (\HasNoChildren) "." INBOX.Sent
    LIST (\HasNoChildren) "." INBOX.Trash
    LIST (\HasNoChildren) "." "INBOX.Junk E-mail"
    LIST (\HasNoChildren) "." INBOX.Archive.Junk
    LIST (\HasNoChildren) "." Public.News
    LIST (\HasChildren) "." INBOX
"""


def test_gmail_is_read_by_its_attributes_and_all_mail_comes_last() -> None:
    folders = listed(GMAIL, 'NAMESPACE (("" "/")) NIL NIL')
    assert (folders.junk, folders.sent) == ("[Gmail]/Spam", "[Gmail]/Sent Mail")
    assert "[Gmail]" not in folders.names
    assert folders.order == (
        ("INBOX", Placement.INBOX),
        ("[Gmail]/Spam", Placement.JUNK),
        ("Receipts", Placement.OTHER),
        ("[Gmail]/All Mail", Placement.OTHER),
    )
    assert folders.personal("Warmup/Old") == "Warmup/Old"


def test_outlook_writes_inbox_in_its_own_way() -> None:
    folders = listed(OUTLOOK)
    assert (folders.inbox, folders.junk, folders.sent, folders.delimiter) == ("INBOX", "Junk", "Sent", "/")
    assert [name for name, _ in folders.order] == ["INBOX", "Junk", "Notes"]
    assert folders.wire("INBOX") == '"INBOX"'


def test_dovecot_with_a_prefix_keeps_it_before_names_of_ours_and_leaves_public_folders_alone() -> None:
    folders = listed(DOVECOT, 'NAMESPACE (("INBOX." ".")) NIL (("Public." "."))')
    assert (folders.prefix, folders.delimiter) == ("INBOX.", ".")
    assert (folders.junk, folders.sent) == ("INBOX.Spam", "INBOX.Sent")
    assert [name for name, _ in folders.order] == ["INBOX", "INBOX.Spam", "INBOX.Junk E-mail", "INBOX.Archive.Junk"]
    assert folders.personal("Warmup/2026") == "INBOX.Warmup.2026"
    assert folders.personal("INBOX.Warmup") == "INBOX.Warmup"
    assert folders.personal("INBOX") == "INBOX"


@pytest.mark.parametrize(
    ("names", "junk", "sent"),
    [
        (["INBOX", "Spamverdacht", "Gesendete Objekte", "Papierkorb", "Entwürfe"], 1, 2),
        (["Inbox", "Courrier indésirable", "Éléments envoyés", "Corbeille", "Brouillons"], 1, 2),
        (["INBOX", "[Gmail]/Spam", "[Gmail]/Sent Mail"], 1, 2),
        (["INBOX", "INBOX/Junk", "INBOX/Sent Items"], 1, 2),
        (["INBOX", "Junk E-mail", "Sent Items", "Deleted Items"], 1, 2),
        (["INBOX", "Bulk Mail", "Sent"], 1, 2),
        (["INBOX", "JUNK", "SENT"], 1, 2),
        (["INBOX", "Courrier inde\u0301sirable", "E\u0301le\u0301ments envoye\u0301s"], 1, 2),  # as macOS writes them
        (["INBOX", "迷惑メール", "送信済みアイテム"], 1, 2),
    ],
)
def test_a_server_without_attributes_is_read_by_its_names(names: list[str], junk: int, sent: int) -> None:
    folders = listed("\n".join(f'LIST () "/" "{encode(name)}"' for name in names))
    assert (folders.junk, folders.sent) == (names[junk], names[sent])
    assert [name for name, _ in folders.order] == ["INBOX", names[junk]]


def test_an_attribute_is_stronger_than_a_name() -> None:
    folders = listed('LIST () "/" Junk\nLIST (\\Junk) "/" Karton\nLIST (\\Junk) "/" Another')
    assert folders.junk == "Karton"


def test_a_mailbox_may_have_neither_junk_nor_anything() -> None:
    assert [name for name, _ in listed('LIST () NIL "INBOX"').order] == ["INBOX"]
    assert listed('LIST () NIL "INBOX"').personal("Warmup/x") == "Warmup/x"
    assert [name for name, _ in listed("").order] == ["INBOX"]


@pytest.mark.parametrize("raw", ["Indésirables & co", "a&b", "Entw&APw-rfe", "&AGEAYg-", 'quo"te\\d'])
def test_a_name_goes_back_as_the_server_wrote_it(raw: str) -> None:
    escaped = raw.replace("\\", "\\\\").replace('"', '\\"')
    folders = listed(f'LIST () "/" "{escaped}"')
    (name,) = folders.names
    assert folders.wire(name) == f'"{escaped}"'


def test_names_that_are_no_text_and_lines_that_are_no_list_are_left_out() -> None:
    lines = [rb'LIST () "/" "' + b"\xff" + rb'"', b"LIST", b"LIST x", rb'LIST () "/" NIL', rb'LIST () "/" ok']
    assert survey(map(read, lines), read(b"NAMESPACE")).names == ("ok",)


def test_folders_that_can_not_be_selected_are_left_out() -> None:
    assert listed('LIST (\\NonExistent) "/" a\nLIST (\\noselect) "/" b\nLIST () "/" c').names == ("c",)


@pytest.mark.parametrize("names", [customs.JUNK, customs.SENT, customs.DRAFTS, customs.TRASH])
def test_the_known_names_are_in_lower_case_and_stand_there_once(names: tuple[str, ...]) -> None:
    assert [name.lower() for name in names] == list(names)
    assert len(set(names)) == len(names)
