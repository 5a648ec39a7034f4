"""`warmup report` writes files, or says in one line why it can't."""

from __future__ import annotations

import pytest

from .hand import Hand, Servers


def test_both_files_are_written(pool: Hand, servers: Servers) -> None:
    said = pool.does("report", "--html", "all.html", "--png", "all.png")
    assert said == "all.html: written\nall.png: written\n"
    assert "Warm-up of 6 mailboxes" in (pool.folder / "all.html").read_text()
    assert (pool.folder / "all.png").read_bytes()[1:4] == b"PNG"
    pool.does("report", servers.addresses[0], "--html", "one.html")
    assert f"Warm-up of {servers.addresses[0]}" in (pool.folder / "one.html").read_text()


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        ((), 2, "report: --html FILE or --png FILE, or both"),
        (("--html", "x.html"), 1, "no mailboxes; `warmup mailbox add` registers one"),
    ],
)
def test_what_cannot_be_drawn_is_told(house: Hand, arguments: tuple[str, ...], code: int, told: str) -> None:
    assert house.errs("report", *arguments) == (code, [told])


def test_a_file_that_cannot_be_written_is_told(pool: Hand) -> None:
    (pool.folder / "taken").mkdir()
    assert pool.errs("report", "--html", "taken") == (1, ["taken: can't be written: Is a directory"])
