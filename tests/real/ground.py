"""A private Postfix and Dovecot on loopback: a small mail provider that is real and can't reach the world.

Everything (configuration, queue, mail, sockets, certificates, logs) lives in one temporary directory; the machine's own
mail system isn't touched. Nothing leaves: Postfix's smtp(8) client is bound to loopback and has one way to go, that of
mail for far.test to a port of the ground. Both masters are children of this process, and end with `stop` or with this
process, however it ends.

* 4 domains and `size` mailboxes spread over them; an unknown recipient gets 550, a foreign one 554.
* smtps (implicit TLS), submission (STARTTLS demanded), imaps (implicit TLS), imap (STARTTLS); AUTH by Dovecot; a
  mailbox may only send as itself. Certificates by an authority of the ground's own, in `ca_file`.
* Delivery by LMTP through Sieve: the header `X-Sandbox-Folder: Junk` goes to Junk, and whatever `junking` says.
* Drafts, Sent, Junk, Trash and Archive with their special use (RFC 6154).
* zoe@far.test, whose mail is handed to `next_hop`, a server that refuses on command and else delivers to her here.
  What is refused for now, or finds nobody there, waits in the queue: for five minutes, after which it is tried again.
  With the settings `GIVEN_UP` it fails instead, and with `WARNED` it is tried every second and its sender is told.
* With `tokens`, a URL, Dovecot takes access tokens as well (OAUTHBEARER, XOAUTH2) and asks there whose each is (RFC
  7662).
* Postfix's log in `maillog`, as a syslog daemon would write it.

Needs root and Debian's postfix, dovecot-core, dovecot-imapd, dovecot-lmtpd and dovecot-sieve (Dovecot 2.3).
"""

from __future__ import annotations

import contextlib
import grp
import imaplib
import os
import pwd
import secrets
import shutil
import smtplib
import socket
import ssl
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from string import Template
from typing import Any

import pytest
import trustme

from tests.need import missing, wait_until
from tests.servers import Servers, free_ports

from .hop import NextHop

HOST = "127.0.0.1"
DOMAINS = ("alpha.test", "bravo.test", "charlie.test", "delta.test")
NAMES = ("ann", "ben", "cleo", "dan", "eva", "finn", "gus", "hana")
PROGRAMS = {
    "/usr/lib/postfix/sbin/master": "postfix",
    "/usr/sbin/dovecot": "dovecot-core",
    "/usr/lib/dovecot/imap": "dovecot-imapd",
    "/usr/lib/dovecot/lmtp": "dovecot-lmtpd",
    "/usr/bin/sievec": "dovecot-sieve",
}
OWNER = 40000  # uid and gid of all mail; needs no passwd entry
QUEUES = ("active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "private", "saved", "trace")
GIVEN_UP = {"maximal_queue_lifetime": "0", "bounce_queue_lifetime": "0"}  # after the first try
WARNED = {
    "delay_warning_time": "1s",
    "queue_run_delay": "1s",
    "minimal_backoff_time": "1s",
    "maximal_backoff_time": "1s",
}
CONF = Path(__file__).with_name("conf")


def lacking() -> str:
    """What this machine lacks to run a ground, in words; empty if nothing."""
    absent = [package for program, package in PROGRAMS.items() if not Path(program).exists()]
    if absent:
        return f"a private Postfix and Dovecot needs the Debian packages {' '.join(absent)}"
    if os.geteuid() != 0:
        return "a private Postfix and Dovecot needs root: Postfix's master insists on it"
    version = subprocess.run(["/usr/sbin/dovecot", "--version"], capture_output=True, text=True, check=True).stdout
    if not version.startswith("2.3."):
        return f"a private Dovecot is configured for version 2.3, not for {version.strip()}"
    return ""


@dataclass(frozen=True, slots=True)
class Account:
    """A mailbox of the ground. The address is the login at both servers."""

    address: str
    password: str


@pytest.fixture(scope="session")
def ground() -> Iterator[Ground]:
    """The real servers, for the whole session. Mail stays until somebody calls `sweep`."""
    if reason := lacking():
        missing(reason)
    with Ground() as ground:
        yield ground


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whoever uses the ground is marked `real` and goes to the same worker, so that it is built once."""
    for item in items:
        if "ground" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.real)
            item.add_marker(pytest.mark.xdist_group("real"))


class Ground:
    """The two servers and their mailboxes: `with Ground() as ground:`. `settings` are of Postfix's main.cf; `tokens` is
    where Dovecot asks about tokens, by the certificate of `authority`, and `mechanisms` are those it takes them by.
    """

    host = HOST
    domains = DOMAINS

    def __init__(
        self,
        size: int = 8,
        settings: Mapping[str, str] | None = None,
        *,
        tokens: str = "",
        mechanisms: str = "oauthbearer xoauth2",
        authority: trustme.CA | None = None,
    ) -> None:
        self.mailboxes = tuple(
            Account(f"{NAMES[i % len(NAMES)]}{i // len(NAMES) or ''}@{DOMAINS[i % len(DOMAINS)]}", secrets.token_hex(8))
            for i in range(size)
        )
        self.far = Account("zoe@far.test", secrets.token_hex(8))
        self._accounts = (*self.mailboxes, self.far)
        self._settings = settings or {}
        self._tokens = tokens or "https://127.0.0.1:9/nobody"  # Dovecot insists on a place to ask at, if never asked
        self._mechanisms = mechanisms if tokens else ""
        self._authority = authority or trustme.CA()
        self.root = Path(tempfile.mkdtemp(prefix="ground-"))
        self.ca_file = self.root / "conf" / "ca.pem"
        self.maillog = self.root / "log" / "postfix"
        self.smtps, self.submission, self.imaps, self.imap, self.beyond = free_ports(5)
        self.servers = Servers(self.root / "log" / "start")

    def __enter__(self) -> Ground:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    # the servers

    def start(self) -> None:
        """Returns when all four ports greet. Raises TimeoutError with the log if they don't."""
        try:
            self._lay_out()
            self._configure()
            self.servers.start("/usr/sbin/dovecot", "-F", "-c", f"{self.root}/conf/dovecot.conf")
            self._await(self.imaps, self.imap)
            # Only now: an smtpd that finds nobody to ask about passwords ends, and master is slow to start another.
            self.servers.start("/usr/lib/postfix/sbin/master", "-c", f"{self.root}/conf")
            self._await(self.smtps, self.submission)
        except BaseException as error:
            error.add_note(self.log())
            self.stop()
            raise

    def stop(self) -> None:
        """Ends every process of the ground and removes its directory. Does nothing the second time."""
        self.servers.stop()
        shutil.rmtree(self.root, ignore_errors=True)

    def log(self) -> str:
        """What both servers have logged, Postfix first."""
        files = sorted((self.root / "log").glob("*"), reverse=True)
        return "\n".join(file.read_text(errors="replace") for file in files)

    # the mail

    @property
    def context(self) -> ssl.SSLContext:
        """A client's context, which trusts the ground's authority alone."""
        return ssl.create_default_context(cafile=str(self.ca_file))

    @contextlib.contextmanager
    def reading(self, address: str) -> Iterator[imaplib.IMAP4_SSL]:
        """A session signed in to a mailbox, for a test's own look at the truth."""
        account = next(account for account in self._accounts if account.address == address)
        with imaplib.IMAP4_SSL(HOST, self.imaps, ssl_context=self.context, timeout=10) as session:
            session.login(account.address, account.password)
            yield session

    def messages(self, address: str, folder: str = "INBOX", criteria: str = "ALL") -> list[bytes]:
        """The messages of a folder that meet the IMAP search criteria ("UNSEEN"), oldest first, left untouched."""
        with self.reading(address) as session:
            expect_ok(session.select(f'"{folder}"', readonly=True))
            numbers = b",".join(expect_ok(session.search(None, criteria))[0].split()).decode()
            rows = expect_ok(session.fetch(numbers, "(BODY.PEEK[])")) if numbers else []
        return [row[1] for row in rows if isinstance(row, tuple)]

    def counts(self, address: str) -> dict[str, int]:
        """How many messages lie in each folder that has any."""
        counts = {}
        with self.reading(address) as session:
            for row in expect_ok(session.list()):
                folder = row.decode().partition(') "/" ')[2].strip('"')
                status = expect_ok(session.status(f'"{folder}"', "(MESSAGES)"))[0].decode()
                counts[folder] = int(status.rpartition("(MESSAGES ")[2].rstrip(")"))
        return {folder: counts[folder] for folder in sorted(counts) if counts[folder]}

    @contextlib.contextmanager
    def junking(self, *tests: str) -> Iterator[None]:
        """Meanwhile mail that passes one of these Sieve tests (RFC 5228 §5) is delivered into Junk: see `sent_by` and
        `share`. Replaces the tests of a `junking` around it.
        """
        before = (self.root / "conf" / "before.sieve").read_text()
        self._sieve(sieve(*tests))
        try:
            yield
        finally:
            self._sieve(before)

    def settle(self) -> None:
        """Returns when Postfix's queue is empty: all that was accepted has been delivered or bounced."""
        queues = [self.root / "queue" / name for name in ("incoming", "active", "deferred")]  # in the order of the way
        wait_until(lambda: not any(p.is_file() for queue in queues for p in queue.rglob("*")), "the queue is empty")

    def sweep(self) -> None:
        """Leaves no message anywhere."""
        self.settle()
        run("/usr/bin/doveadm", "-c", f"{self.root}/conf/dovecot.conf", "expunge", "-A", "mailbox", "*", "all")

    def next_hop(self) -> NextHop:
        """The server that mail for far.test goes to: a context. What it takes is delivered by Dovecot."""
        return NextHop(self.beyond, self._deliver)

    # the inside

    def _lay_out(self) -> None:
        """The directories, each with the owner and mode that its daemon insists on."""
        postfix, drop = pwd.getpwnam("postfix").pw_uid, grp.getgrnam("postdrop").gr_gid
        self.root.chmod(0o755)
        for name in ("conf", "log", "run", "state", "sock", "queue", "queue/pid"):
            (self.root / name).mkdir()
        for name in QUEUES:
            owned(self.root / "queue" / name, postfix, 0, 0o700)
        owned(self.root / "queue" / "public", postfix, drop, 0o710)
        owned(self.root / "data", postfix, 0, 0o700)
        owned(self.root / "mail", OWNER, OWNER, 0o700)

    def _configure(self) -> None:
        conf = self.root / "conf"
        self._authority.cert_pem.write_to_path(self.ca_file)
        certificate = self._authority.issue_cert(HOST, "localhost").private_key_and_cert_chain_pem
        certificate.write_to_path(secret(conf / "server.pem"))
        words = {
            "root": self.root,
            "host": HOST,
            "domains": " ".join(DOMAINS),
            "owner": OWNER,
            "smtps": self.smtps,
            "submission": self.submission,
            "imaps": self.imaps,
            "imap": self.imap,
            "beyond": self.beyond,
            "tokens": self._tokens,
            "mechanisms": self._mechanisms,
            "settings": "".join(f"{name} = {value}\n" for name, value in self._settings.items()),
        }
        for template in CONF.iterdir():
            write_old(conf / template.name, Template(template.read_text()).substitute(words))
        write_old(conf / "mailboxes", "".join(f"{a.address} {a.address}\n" for a in self._accounts))
        users = secret(conf / "users")
        shutil.chown(users, group="dovecot")
        users.chmod(0o640)
        users.write_text(
            "".join(
                f"{a.address}:{a.password}:{OWNER}:{OWNER}::{self.root}/mail/{a.address}::\n" for a in self._accounts
            )
        )
        self._sieve(sieve())

    def _deliver(self, sender: str, recipients: list[str], text: bytes) -> None:
        with smtplib.LMTP(f"{self.root}/sock/lmtp") as session:
            session.sendmail(sender, recipients, text)

    def _sieve(self, script: str) -> None:
        path = self.root / "conf" / "before.sieve"
        path.write_text(script)
        run("/usr/bin/sievec", "-c", f"{self.root}/conf/dovecot.conf", str(path))

    def _await(self, *ports: int) -> None:
        for port in ports:
            wait_until(partial(self._greets, port), f"port {port} greets")

    def _greets(self, port: int) -> bool:
        self.servers.check()
        try:
            with socket.create_connection((HOST, port), timeout=5) as wire:
                if port in (self.smtps, self.imaps):
                    with self.context.wrap_socket(wire, server_hostname=HOST) as secured:
                        return secured.recv(512).startswith((b"220 ", b"* OK "))
                return wire.recv(512).startswith((b"220 ", b"* OK "))
        except (ConnectionError, TimeoutError):
            return False


def sent_by(address: str) -> str:
    """The Sieve test that mail from this address passes."""
    return f'address :is "from" "{address}"'


def share(part: float) -> str:
    """A Sieve test passed by this part of all mail, in sixteenths: by the first hex digit of the Message-ID."""
    starts = ", ".join(f'"<{digit:x}*"' for digit in range(round(part * 16)))
    return f'header :matches "message-id" [{starts}]' if starts else "false"


def sieve(*tests: str) -> str:
    """The script that runs before every delivery."""
    tests = ('header :is "X-Sandbox-Folder" "Junk"', *tests)
    return f'require ["fileinto"];\nif anyof ({", ".join(tests)}) {{ fileinto "Junk"; stop; }}\n'


def owned(path: Path, user: int, group: int, mode: int) -> None:
    path.mkdir()
    os.chown(path, user, group)
    path.chmod(mode)


def write_old(path: Path, text: str) -> None:
    """Postfix reads a file younger than a second or two again and again, until it is older."""
    path.write_text(text)
    os.utime(path, (0, 0))


def secret(path: Path) -> Path:
    """An empty file that only its owner reads."""
    path.touch(0o600)
    return path


def run(*command: str) -> None:
    """Runs a tool to its end. Its complaints go to stderr, where pytest shows them; then raises CalledProcessError."""
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, timeout=30)


def expect_ok(answer: tuple[str, list[Any]]) -> list[Any]:
    """The data of an IMAP answer that must be OK."""
    kind, data = answer
    if kind != "OK":
        raise AssertionError(f"the server said {kind}: {data!r}")
    return data
