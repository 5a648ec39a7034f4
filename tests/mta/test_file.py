"""A log file is read once, from where it was left, whatever is done to the file meanwhile."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from warmup.errors import OperatorError
from warmup.model import Bookmark
from warmup.mta import Follower, LogError
from warmup.mta.piece import PIECE

from .lines import NOW, arrival, both, following, refusal


class Reader:
    """Who reads a log to its end, and remembers how far that was."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.follower = following(path)
        self.mark: Bookmark | None = None

    async def news(self) -> str:
        """The names of the messages that something is told of."""
        names = ""
        while True:
            told, mark = await self.follower.read(self.mark)
            names += " ".join(one.message_id.partition("@")[0].strip("<") for one in told) + " "
            if mark is None:
                return " ".join(names.split())
            assert mark.read_at == NOW
            self.mark = mark

    def restart(self) -> None:
        self.follower = following(self.path)


@pytest.fixture
async def reader(tmp_path: Path) -> Reader:
    """At the end of a log in which something has been told already."""
    path = tmp_path / "mail.log"
    path.write_text(both("old"))
    reader = Reader(path)
    assert await reader.news() == ""
    return reader


def write(path: Path, text: str) -> None:
    with path.open("a") as file:
        file.write(text)


async def test_the_first_look_passes_over_what_is_there_already(reader: Reader) -> None:
    assert reader.mark is not None
    assert (reader.mark.source, reader.mark.position) == (f"mta:{reader.path}", str(reader.path.stat().st_size))


async def test_what_is_written_is_told_once(reader: Reader) -> None:
    write(reader.path, both("one") + both("two"))
    assert await reader.news() == "one two"
    assert await reader.news() == ""
    write(reader.path, refusal("two"))
    assert await reader.news() == "two"


async def test_a_message_that_came_before_the_first_look_is_known(reader: Reader) -> None:
    write(reader.path, refusal("old"))
    assert await reader.news() == "old"


async def test_after_a_restart_the_log_goes_on_and_earlier_messages_are_known(reader: Reader) -> None:
    write(reader.path, arrival("one"))
    assert await reader.news() == ""
    write(reader.path, refusal("one") + both("two"))
    reader.restart()
    assert await reader.news() == "one two"


async def test_what_was_told_and_not_remembered_is_told_again(reader: Reader) -> None:
    write(reader.path, both("one"))
    told, _ = await reader.follower.read(reader.mark)
    assert len(told) == 1
    assert await reader.news() == "one"


async def test_a_line_that_is_not_finished_waits(reader: Reader) -> None:
    text = both("one")
    write(reader.path, text[:-20])
    assert await reader.news() == ""
    write(reader.path, text[-20:])
    assert await reader.news() == "one"


async def test_bytes_that_are_no_text_do_no_harm(reader: Reader) -> None:
    with reader.path.open("ab") as file:
        file.write(b"\xff\xfe\x00 \xc3\n" + both("one").encode().replace(b"system", b"syst\xe9m") + b"\x80\n")
    assert await reader.news() == "one"


async def test_a_long_log_is_read_in_pieces(reader: Reader) -> None:
    write(reader.path, both("one") + "x" * PIECE + "\n" + both("two") + ("y" * 99 + "\n") * 15_000 + both("three"))
    told, reader.mark = await reader.follower.read(reader.mark)
    assert len(told) == 1
    assert await reader.news() == "two three"


async def test_a_line_without_end_is_passed_over(reader: Reader) -> None:
    write(reader.path, "x" * (2 * PIECE + 5))
    assert await reader.news() == ""
    write(reader.path, "\n" + both("one"))
    assert await reader.news() == "one"


async def test_a_log_that_was_moved_away_is_read_to_its_end_before_the_new_one(reader: Reader) -> None:
    write(reader.path, arrival("one"))
    assert await reader.news() == ""
    write(reader.path, both("two"))
    moved = reader.path.rename(reader.path.with_name("mail.log.1"))
    assert await reader.news() == "two"  # nothing is at the path yet
    reader.path.touch()
    write(moved, both("three"))  # a syslog daemon that hasn't been told
    assert await reader.news() == "three"
    write(reader.path, refusal("one") + both("four"))
    assert await reader.news() == "one four"
    write(reader.path, both("five"))
    assert await reader.news() == "five"


@pytest.mark.parametrize("name", ["mail.log.1", "mail.log-20261125"])
async def test_a_log_may_be_moved_while_nobody_reads(reader: Reader, name: str) -> None:
    write(reader.path, both("one"))
    reader.path.rename(reader.path.with_name(name))
    write(reader.path, refusal("one") + both("two"))
    reader.restart()
    assert await reader.news() == "one one two"


async def test_a_log_that_was_copied_and_emptied_is_read_to_its_end_in_the_copy(reader: Reader) -> None:
    write(reader.path, both("one"))
    shutil.copy(reader.path, reader.path.with_name("mail.log.1"))
    os.truncate(reader.path, 0)
    write(reader.path, both("two") + both("three"))  # longer than it was when it was read
    assert await reader.news() == "one two three"


async def test_a_log_that_was_emptied_begins_anew(reader: Reader) -> None:
    os.truncate(reader.path, 0)
    assert await reader.news() == ""
    write(reader.path, both("one"))
    assert await reader.news() == "one"


async def test_a_log_that_was_empty_may_be_moved_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "mail.log"
    path.touch()
    reader = Reader(path)
    assert await reader.news() == ""
    write(path, both("one"))
    path.rename(tmp_path / "mail.log.1")
    write(path, both("two"))
    assert await reader.news() == "one two"


async def test_a_log_that_was_compressed_before_it_was_read_is_lost_and_the_new_one_is_not(reader: Reader) -> None:
    write(reader.path, both("one"))
    reader.path.unlink()
    reader.path.with_name("mail.log.1.gz").write_bytes(b"\x1f\x8b...")
    write(reader.path, both("two"))
    assert await reader.news() == "two"


async def failure(follower: Follower) -> str:
    with pytest.raises(LogError) as caught:
        await follower.read(None)
    assert isinstance(caught.value, OperatorError)
    assert "\n" not in str(caught.value)
    return str(caught.value)


async def test_a_log_that_is_not_there_is_the_operators_to_mend(tmp_path: Path) -> None:
    assert await failure(following(tmp_path / "mail.log")) == (
        f"{tmp_path}/mail.log: the MTA's log isn't there; set log in [mta] to the file that your MTA logs to, "
        'or to "journal"'
    )


async def test_what_is_no_file_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "mail.log")  # would be waited for
    assert "this is no file" in await failure(following(tmp_path / "mail.log"))
    assert "this is no file" in await failure(following(tmp_path))


async def test_a_log_that_may_not_be_read_says_whose_member_to_be(reader: Reader) -> None:
    reader.path.chmod(0)
    if os.getuid() == 0:
        os.seteuid(65534)
    try:
        text = await failure(following(reader.path))
    finally:
        os.seteuid(os.getuid())
    assert "permission denied; make the daemon's user a member of the group" in text


async def test_after_a_failure_nothing_has_been_read(reader: Reader) -> None:
    write(reader.path, both("one"))
    hidden = reader.path.rename(reader.path.with_name("elsewhere"))
    with pytest.raises(LogError):
        await reader.news()
    hidden.rename(reader.path)
    assert await reader.news() == "one"
