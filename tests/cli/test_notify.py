"""`warmup notify` tells a test to everybody, and says who didn't take it."""

from __future__ import annotations

import json
from collections.abc import Callable

from tests.need import wait_until
from tests.notify.listener import Listener, listening
from tests.notify.test_ways import secret

from .hand import Hand, Process, Servers

Start = Callable[..., Process]

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


def test_a_daemon_tells_what_holds_and_that_it_is_over(pool: Hand, servers: Servers, process: Start) -> None:
    file = pool.folder / "warmup.toml"
    file.write_text(file.read_text() + TO)
    with listening() as listener:
        secret(pool.folder / "ops.url", listener.url)
        daemon = process("run")
        daemon.says(f"planned mailbox={servers.addresses[-1]}")
        pool.does("mailbox", "pause", servers.addresses[0], "--why", "on holiday")
        wait_until(lambda: "on holiday" in texts(listener), "the pause is told")
        pool.does("mailbox", "resume", servers.addresses[0])
        wait_until(lambda: "no longer held" in texts(listener), "and that it is over")
        daemon.says("told channel=ops")
        assert "s3cret" not in daemon.told


def texts(listener: Listener) -> str:
    return "\n".join(json.loads(body)["text"] for _, _, body in listener.heard)


def test_nobody_to_tell_is_said(house: Hand) -> None:
    code, lines = house.errs("notify", "ops")
    assert (code, lines) == (2, ["notify: nobody to tell; [notify.to.NAME] in the configuration has: none"])
