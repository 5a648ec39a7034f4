"""Debian's SpamAssassin and Rspamd, private and on loopback: what each thinks of a message.

Both judge by what is in the message alone. Whatever asks over the network (blocklists, SPF, DKIM, DMARC, fuzzy sums) is
left out, and so is what learns (Bayes). SpamAssassin's
-1 for mail that comes from its own host is taken away, and Rspamd is told that the mail came from outside.
"""

from __future__ import annotations

import http.client
import json
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from tests.need import missing, wait_until
from tests.servers import Servers, free_ports

HOST = "127.0.0.1"
SPAMD, RSPAMD = Path("/usr/sbin/spamd"), Path("/usr/bin/rspamd")
ASKING = ("asn", "dkim", "dmarc", "hfilter", "rbl", "spf", "surbl")  # Rspamd's modules that ask over the network
_RULE = re.compile(r"^\s*(-?\d+\.\d+) ([A-Z0-9_]+) ", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Verdict:
    score: float
    action: str  # "no action", or what the filter would do with it
    rules: Mapping[str, float]  # that hit, with what each is worth


class Judge(Protocol):
    name: str

    def judge(self, message: bytes) -> Verdict: ...


class SpamAssassin:
    """spamd(8), asked by its own protocol (REPORT SPAMC/1.2)."""

    name = "SpamAssassin"

    def __init__(self, root: Path, servers: Servers) -> None:
        if not SPAMD.exists():
            missing("SpamAssassin needs the Debian packages spamassassin and spamd")
        (self._port,) = free_ports(1)
        config = ("use_bayes 0", "score ALL_TRUSTED 0")
        servers.start(
            *(str(SPAMD), "--local", "--nouser-config", "--username=nobody", "--max-children=2"),
            *(f"--listen={HOST}:{self._port}", f"--pidfile={root}/spamd.pid", f"--helper-home-dir={root}"),
            *(f"--cf={line}" for line in config),
        )

    def judge(self, message: bytes) -> Verdict:
        with socket.create_connection((HOST, self._port), timeout=60) as wire:
            wire.sendall(b"REPORT SPAMC/1.2\r\nContent-length: %d\r\n\r\n" % len(message) + message)
            wire.shutdown(socket.SHUT_WR)
            answer = b"".join(iter(lambda: wire.recv(65536), b"")).decode()
        head, _, report = answer.partition("\r\n\r\n")
        spam, score = re.findall(r"^Spam: (\w+) ; (-?[\d.]+) /", head, re.MULTILINE)[0]
        rules = {rule: float(points) for points, rule in _RULE.findall(report)}
        return Verdict(float(score), "no action" if spam == "False" else "spam", rules)


class Rspamd:
    """rspamd's own worker, asked over HTTP (/checkv2)."""

    name = "Rspamd"

    def __init__(self, root: Path, servers: Servers) -> None:
        if not RSPAMD.exists():
            missing("Rspamd needs the Debian package rspamd")
        self._port, controller = free_ports(2)
        for folder in ("local/override.d", "db", "run", "log"):
            (root / folder).mkdir(parents=True)
        for file, text in {
            "options.inc": f'dns {{ nameserver = ["{HOST}:9"]; timeout = 0.01s; retransmits = 1; }}\n'
            'filters = "chartable,regexp";',
            "worker-normal.inc": f'bind_socket = "{HOST}:{self._port}"; count = 1;',
            "worker-controller.inc": f'bind_socket = "{HOST}:{controller}";',
            "worker-proxy.inc": "enabled = false;",
            **{f"{module}.conf": "enabled = false;" for module in ASKING},
        }.items():
            (root / "local/override.d" / file).write_text(text)
        servers.start(
            *(str(RSPAMD), "--no-fork", "--insecure"),  # as root, who is all there is in a build
            *(f"--var={name}={root}/{folder}" for name, folder in (("LOCAL_CONFDIR", "local"), ("DBDIR", "db"))),
            *(f"--var={name}={root}/{folder}" for name, folder in (("RUNDIR", "run"), ("LOGDIR", "log"))),
        )

    def judge(self, message: bytes) -> Verdict:
        wire = http.client.HTTPConnection(HOST, self._port, timeout=60)
        wire.request(
            "POST", "/checkv2", message, {"IP": "203.0.113.9", "Hostname": "mx.north.test", "Helo": "mx.north.test"}
        )
        said: dict[str, Any] = json.loads(wire.getresponse().read())
        wire.close()
        rules = {name: float(symbol["score"]) for name, symbol in said["symbols"].items()}
        return Verdict(float(said["score"]), str(said["action"]), rules)


def ready(judge: Judge) -> Judge:
    """Returns once it judges: both compile their rules first."""

    def judges() -> bool:
        try:
            judge.judge(b"From: a@b.test\r\nSubject: Tea\r\n\r\nTea?\r\n")
        except (ConnectionError, TimeoutError, http.client.HTTPException):
            return False
        return True

    wait_until(judges, f"{judge.name} judges", 120)
    return judge
