"""The threads that are there to be read are what is said today."""

from __future__ import annotations

import pytest

from .threads import FOLDER, threads


@pytest.mark.parametrize("code", sorted(path.stem for path in FOLDER.glob("*.txt")))
def test_the_threads_to_be_read_are_those_of_today(code: str) -> None:
    written = (FOLDER / f"{code}.txt").read_text()
    assert written == "".join(threads(code)), f"read what changed after: python -m tests.content.threads {code}"
