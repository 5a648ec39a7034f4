"""A private name server: an authoritative nsd on a free port of loopback, with zones that tests write as text.

`nameserver` is a fixture that starts one with the zones of a test:

    def test_…(nameserver: Serve) -> None:
        server = nameserver({"example.test": "@ MX 10 mx"})

A zone's SOA and NS are written for it, unless it has its own; `$ORIGIN` is the zone. A zone that is None is one that
the server should have and can't load, so that it answers SERVFAIL; zones that it hasn't it refuses. Needs Debian's nsd.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

import dns.exception
import dns.message
import dns.query
import pytest

from tests.need import missing, wait_until
from tests.servers import Servers, free_ports

HOST = "127.0.0.1"
Zones = Mapping[str, str | None]
Serve = Callable[[Zones], "NameServer"]

_CONF = """
server:
  ip-address: {host}@{port}
  server-count: 1
  username: "{user}"
  chroot: ""
  zonesdir: "{root}"
  database: ""
  pidfile: ""
  zonelistfile: "{root}/zone.list"
  xfrdfile: ""
  xfrdir: "{root}"
  hide-version: yes
  rrl-ratelimit: 0
remote-control:
  control-enable: no
"""
_HEAD = "$ORIGIN {zone}.\n$TTL 60\n"
_SOA = "@ SOA ns.invalid. hostmaster.invalid. 1 3600 600 86400 60\n@ NS ns.invalid.\n"


def program() -> str | None:
    return shutil.which("nsd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


class NameServer:
    """A server at `address`, an address and a port. A context manager, in which it runs."""

    def __init__(self, zones: Zones) -> None:
        self._root = Path(tempfile.mkdtemp(prefix="nsd-"))
        self._servers = Servers(self._root / "log")
        (port,) = free_ports(1)
        self.address = (HOST, port)
        self._write(zones, port)

    def _write(self, zones: Zones, port: int) -> None:
        user = "root" if os.geteuid() == 0 else ""
        conf = _CONF.format(host=HOST, port=port, root=self._root, user=user)
        for number, (zone, text) in enumerate(zones.items()):
            file = self._root / f"{number}.zone"
            conf += f'zone:\n  name: "{zone}"\n  zonefile: "{file.name}"\n'
            if text is not None:
                head = _HEAD.format(zone=zone) + ("" if " SOA " in text else _SOA)
                file.write_text(head + text + "\n")
        (self._root / "nsd.conf").write_text(conf)

    @property
    def log(self) -> str:
        return self._servers.log.read_text(errors="replace")

    def _answers(self) -> bool:
        self._servers.check()
        question = dns.message.make_query("ready.invalid.", "TXT")  # refused, and that is an answer
        try:
            dns.query.udp(question, HOST, port=self.address[1], timeout=0.2)
        except (dns.exception.Timeout, OSError):
            return False
        return True

    def __enter__(self) -> Self:
        try:
            self._servers.start(program() or "nsd", "-d", "-c", f"{self._root}/nsd.conf")
            wait_until(self._answers, "nsd answers")
        except BaseException as error:
            error.add_note(self.log)
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def _end(self) -> None:
        self._servers.stop()
        shutil.rmtree(self._root, ignore_errors=True)


@pytest.fixture
def nameserver() -> Iterator[Serve]:
    """Starts a server with the zones it is given; it ends with the test."""
    if program() is None:
        missing("a private name server needs nsd (Debian: nsd)")
    with ExitStack() as running:
        yield lambda zones: running.enter_context(NameServer(zones))
