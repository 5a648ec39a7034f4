"""`warmup mailbox import`: a line's mistake is told with its number, and one mistake registers nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from .hand import Hand, Servers

HEAD = "address,zone,smtp_security,password\n"


def rows(servers: Servers, **changed: str) -> str:
    """The servers' own CSV, its third line changed."""
    lines = [",".join(servers.rows[0])]
    lines += [",".join((row | (changed if number == 1 else {})).values()) for number, row in enumerate(servers.rows)]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    ("text", "told"),
    {
        "": ["pool.csv:1: there is no column address; the first line names the columns, parted by commas: address,"],
        "ann@x.test,hunter2\n": ["pool.csv:1: there is no column address; the first line names"],
        "address;password\nann@x.test;x\n": ["pool.csv:1: there is no column address; the first line names"],
        "address,pasword\n": ["pool.csv:1: unknown column pasword; the first line names"],
        "address,password\n": ["pool.csv: there are no mailboxes in it; write a line for each below the first"],
        "address,password\n\nann@x.test\n": ["pool.csv:3: as many values as there are columns, please"],
        "address\nann@x.test\n": ["pool.csv:2: neither password nor password_file"],
        "address,password_file\nann@x.test,none\n": ["pool.csv:2: password_file none can't be read as UTF-8 text"],
        'address,password\nann@x.test,"x\n': ["pool.csv:2: no CSV: "],
        HEAD + "ann,,,x\nben@x.test,Berlin,,x\ncid@x.test,,ssl,x\ndan@x.test,,,x\ndan@x.test,,,x\n": [
            "pool.csv:2: 'ann' is not an address: ",
            "pool.csv:3: 'Berlin' is no time zone; ",
            "pool.csv:4: security 'ssl'; write tls, starttls, plain",
            "pool.csv:6: dan@x.test is registered already, or stands twice in the file",
        ],
    }.items(),
)
def test_a_mistake_in_the_file_is_told_with_its_line(house: Hand, text: str, told: list[str]) -> None:
    Path("pool.csv").write_text(text)
    code, lines = house.errs("mailbox", "import", "pool.csv")
    assert code == 2
    assert "hunter2" not in "".join(lines)
    if len(lines) > 1:
        assert lines.pop() == "nothing was registered"
    assert [line[: len(start)] for line, start in zip(lines, told, strict=True)] == told
    assert house.reads("mailbox", "list") == []


def test_a_file_that_is_not_text_is_told_without_what_is_in_it(house: Hand) -> None:
    Path("pool.csv").write_bytes(b"address,password\nann@x.test,hunter2\xff\n")
    assert house.errs("mailbox", "import", "pool.csv") == (
        2,
        ["pool.csv: this isn't UTF-8 text; save the file as UTF-8"],
    )


def test_one_mailbox_that_cannot_sign_in_keeps_all_of_them_out(house: Hand, servers: Servers) -> None:
    Path("pool.csv").write_text(rows(servers, password="wrong"))
    code, lines = house.errs("mailbox", "import", "pool.csv")
    assert (code, len(lines)) == (77, 2)
    assert lines[0].startswith(f"pool.csv:3: {servers.addresses[1]}: submission at ")
    assert lines[1] == "nothing was registered"
    assert house.reads("mailbox", "list") == []
    assert not list(house.folder.glob("credentials/*"))


def test_what_spreadsheets_write_is_understood(house: Hand, servers: Servers) -> None:
    text = rows(servers, name='"Irving, Ben"').replace("\n", "\r\n")
    Path("pool.csv").write_bytes(b"\xef\xbb\xbf" + text.encode())
    house.does("mailbox", "import", "pool.csv")
    assert {row["name"] for row in house.reads("mailbox", "list")} >= {"Irving, Ben", "Ann Bell"}


def test_passwords_can_lie_in_files_beside_the_csv(house: Hand, servers: Servers) -> None:
    row = servers.rows[0]
    Path("far").mkdir()
    Path("far/ann").write_text(row["password"] + "\n")
    named = row | {"password_file": "ann"}
    del named["password"]
    Path("far/pool.csv").write_text("\n".join((",".join(named), ",".join(named.values()))))
    assert house.does("mailbox", "import", "far/pool.csv") == "1 mailbox registered\n"
    assert house.reads("mailbox", "test")[0]["works"] is True
