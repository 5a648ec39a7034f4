"""The API, asked all that its document allows and forbids, by schemathesis: no bug, and nothing that it doesn't say."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.store.pool import Pool

from .conftest import Opens

EXAMPLES = int(os.environ.get("WARMUP_FUZZ_EXAMPLES", "3"))  # for each operation and phase
PHASES = "coverage,fuzzing"
SETTINGS = """
[headers]
Authorization = "Bearer {key}"
[parameters]
"path.address" = "ann@one.test"
"path.thread" = "thread 1"
"path.date" = "2026-03-02"
"""


def test_nothing_that_can_be_asked_is_a_bug_or_answered_otherwise_than_described(
    opens: Opens, pool: Pool, key: str, tmp_path: Path
) -> None:
    pool.store.lock()  # else /api/health had reason to be unwell
    dashboard = opens()
    settings = tmp_path / "schemathesis.toml"
    settings.write_text(SETTINGS.format(key=key))
    fuzz = (Path(sys.executable).with_name("schemathesis"), "--config-file", settings, "run", "--no-color")
    bounds = ("--max-examples", str(EXAMPLES), "--generation-database", "none", "--phases", PHASES)
    address = f"http://127.0.0.1:{dashboard.port}/api/openapi.json"
    found = subprocess.run(
        [*fuzz, *bounds, address], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=600
    )
    print(found.stdout)
    assert found.returncode == 0, found.stderr
    assert "Tested: 13\n" in found.stdout  # all but the document itself
