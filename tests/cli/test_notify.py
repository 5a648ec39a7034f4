"""`warmup notify` tells a test to everybody, and says who didn't take it."""

from __future__ import annotations

import json

from tests.notify.listener import listening
from tests.notify.test_ways import secret

from .hand import Hand, Servers

TO = """
[notify.to.ops]
kind = "webhook"
url_file = "ops.url"
[notify.to.pager]
kind = "command"
run = ["/nonexistent/page"]
"""


def test_each_way_is_tried(pool: Hand, servers: Servers) -> None:
    file = pool.folder / "warmup.toml"
    file.write_text(file.read_text() + TO)
    with listening() as listener:
        secret(pool.folder / "ops.url", listener.url)
        assert pool.reads("notify", "ops") == [{"name": "ops", "kind": "webhook", "told": True, "why": None}]
        result = pool.types("notify", "--json")
    assert result.exit_code == 1
    ops, pager = json.loads(result.stdout)
    assert (ops["told"], pager["told"]) == (True, False)
    assert pager["why"] == "/nonexistent/page can't be run: No such file or directory"
    assert {json.loads(body)["event"] for _, _, body in listener.heard} == {"test"}
    assert "s3cret" not in result.output


def test_nobody_to_tell_is_said(house: Hand) -> None:
    code, lines = house.errs("notify", "ops")
    assert (code, lines) == (2, ["notify: nobody to tell; [notify.to.NAME] in the configuration has: none"])
