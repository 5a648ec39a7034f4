"""A rotation that is killed between any two of its lines, and what can be read then.

    python -m tests.secrets.killed FOLDER

A process of its own, for it forks often: the child rotates and kills itself as `kill -9` does before a line of
`warmup.secrets` runs, the first in the first child, the second in the second, and so on until one comes to its end.
After each the parent opens every credential, rotates, and opens them again. Says how many children were killed.

Owns: the deaths. Does not own: what is expected (`test_rotate`).
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
from itertools import count
from pathlib import Path
from types import FrameType
from typing import Any

import warmup.secrets
from warmup.secrets import Form, Vault

_HERE = str(Path(warmup.secrets.__file__).parent)
_SECRETS = {"ann": "hunter2", "old": "plain"}


def main(folder: Path) -> int:
    """How many were killed."""
    pristine = folder / "pristine"
    _furnish(Vault(pristine / "credentials"))
    for line in count(1):
        place = folder / str(line)
        shutil.copytree(pristine, place)
        child = os.fork()
        if not child:
            _rotate(Vault(place / "credentials"), line)
        _, status = os.waitpid(child, 0)
        vault = Vault(place / "credentials")
        assert {name: vault.get(name) for name in vault.names()} == _SECRETS, f"killed before line {line}"
        vault.rotate()
        assert {name: vault.get(name) for name in vault.names()} == _SECRETS
        assert {vault.look(name).form for name in _SECRETS} == {Form.SEALED}
        assert len(vault.keys.own()) == 1
        left = {path.name for path in place.rglob("*")}
        assert left == {"credentials", "warmup.key", *_SECRETS}, left
        shutil.rmtree(place)
        if os.waitstatus_to_exitcode(status) == 0:
            return line - 1
        assert os.waitstatus_to_exitcode(status) == -signal.SIGKILL
    raise AssertionError


def _furnish(vault: Vault) -> None:
    for name, secret in _SECRETS.items():
        vault.put(name, secret)
    (vault.directory / "old").write_text(_SECRETS["old"])


def _rotate(vault: Vault, deadline: int) -> None:
    """In the child. Doesn't come back."""
    lines = count(1)

    def watch(frame: FrameType, event: str, argument: object) -> Any:
        if not frame.f_code.co_filename.startswith(_HERE):
            return None
        if event == "line" and next(lines) == deadline:
            os.kill(os.getpid(), signal.SIGKILL)
        return watch

    sys.settrace(watch)
    vault.rotate()
    os._exit(0)


if __name__ == "__main__":
    print(main(Path(sys.argv[1])))
