"""`warmup web`, and --web of the commands that stay: started, refused and stopped as an administrator does."""

from __future__ import annotations

import http.client
import json
import re
import signal
import socket
import sys
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest

from .hand import Hand, Process


def shown(process: Process) -> str:
    """The address that it says, once it does."""
    process.says("http://127.0.0.1:")
    found = re.search(r"http://(127\.0\.0\.1:\d+)", process.told)
    assert found
    return found[1]


def asked(place: str, path: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection(place, timeout=20)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_dashboard_stays_until_it_is_told_to_stop(
    pool: Hand, process: Callable[..., Process], number: signal.Signals
) -> None:
    running = process("web", "--listen", "127.0.0.1:0")
    place = shown(running)
    assert "no token, so nothing can be changed" in running.told
    assert len(json.loads(asked(place, "/api/pool")[1])) == 6
    assert asked(place, "/healthz")[0] == 503  # no daemon is at work
    running.hears(number)
    assert running.ends() == 0
    assert "Traceback" not in running.told


def test_a_new_token_is_written_for_this_user_alone_and_not_shown(house: Hand) -> None:
    told = house.does("web", "--new-token")
    file = house.folder / "web.token"
    assert told == f"{file}: a new token; it is in force once the dashboard is started anew\n"
    assert file.stat().st_mode & 0o777 == 0o600
    before = file.read_text()
    house.does("web", "--new-token")
    assert file.read_text() != before


def test_where_it_cannot_or_must_not_be_shown_is_told(house: Hand) -> None:
    code, (line,) = house.errs("web", "--listen", "0.0.0.0:8025")
    assert code == 2
    assert line == (
        f"0.0.0.0:8025 can be reached by others, and there is no token in {house.folder}/web.token; "
        "make one with: warmup web --new-token"
    )
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        told = f"127.0.0.1:{port} can't be listened at: Address already in use"
        assert house.errs("web", "--listen", f"127.0.0.1:{port}") == (2, [told])
    assert house.errs("web", "--listen", "everywhere")[1] == [
        "HOST:PORT: 'everywhere' won't do; write an address, like \"127.0.0.1:8025\""
    ]
    (house.folder / "web.token").write_text("short")
    (house.folder / "web.token").chmod(0o600)
    assert house.errs("web")[0] == 77


def test_where_the_dashboard_is_not_installed_it_is_said_what_to_install(
    house: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.startswith("warmup.web")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    assert house.errs("web") == (2, ["the dashboard isn't installed (uvicorn is missing); install warmup[web]"])


def test_the_daemon_shows_the_dashboard_beside_its_work(pool: Hand, process: Callable[..., Process]) -> None:
    running = process("run", "--web", "127.0.0.1:0", "--json")
    place = shown(running)
    running.says('"event": "started"')
    assert asked(place, "/healthz")[0] == 200
    assert urlsplit(f"//{place}").port
    running.hears(signal.SIGTERM)
    assert running.ends() == 0
    assert "Traceback" not in running.told
