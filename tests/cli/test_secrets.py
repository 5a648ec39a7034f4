"""A password is in the vault, encrypted, and nowhere else: not in what is said or logged, not in the database, not in
argv, not in a core.
"""

from __future__ import annotations

import base64
import json
import os
import resource
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
import typer

from tests.nameserver import Serve
from tests.need import missing
from warmup.cli import app
from warmup.discovery import Web
from warmup.secrets import process as privacy

from .conftest import sandbox
from .hand import WARMUP, Hand, Process, Servers, Terminal

NOBODY = 65534
MARK = "hunter2-Zwölf"  # not ASCII: an encoding is where a secret gets into an error message


def everything_said(hand: Hand, *commands: tuple[str, ...]) -> str:
    """On both outputs, with the traceback there should be none of."""
    results = [hand.types(*command, stdin=MARK) for command in commands]
    return "".join(f"{result.output}{result.stderr}{result.exception!r}" for result in results)


def test_no_command_says_a_password(pool: Hand, servers: Servers) -> None:
    secrets = [row["password"] for row in servers.rows]
    ann = servers.addresses[0]
    said = everything_said(
        pool,
        ("mailbox", "import", str(servers.csv)),
        ("mailbox", "list", "--json"),
        ("mailbox", "show", ann),
        ("mailbox", "show", ann, "--json"),
        ("mailbox", "test", "--json"),
        ("mailbox", "export"),
        ("check", "--sign-in", "--json"),
        ("status", "--json"),
        ("plan", "--date", "2027-03-01", "--json"),
        ("run", "--jump", "--json", "--start", "2027-03-01", "--until", "2027-03-02"),
        ("log", "--json"),
        ("explain", ann, "--date", "2027-03-01", "--json"),
    )
    assert "2027-03-01" in said
    assert not [secret for secret in secrets if secret in said]


def test_no_error_says_a_password(pool: Hand, servers: Servers) -> None:
    ann, ben = servers.addresses[:2]
    Path("latin1").write_bytes(MARK.encode("latin-1"))
    Path("lines").write_text(f"{MARK}\n{MARK}\n")
    Path("headless.csv").write_text(f"{MARK},{MARK}\n")
    Path("latin1.csv").write_bytes(f"address,password\nx@x.test,{MARK}\n".encode("latin-1"))
    Path("refused.csv").write_text(
        f"address,smtp,smtp_security,imap,imap_security,password\n"
        f"new@northpost.test,{servers.rows[0]['smtp']},plain,{servers.rows[0]['imap']},plain,{MARK}\n"
    )
    pool.does("mailbox", "remove", ben)
    options = servers.options(servers.rows[1])
    said = everything_said(
        pool,
        ("mailbox", "add", ben, *options, "--password-file", "-"),
        ("mailbox", "add", ben, *options, "--password-file", "latin1"),
        ("mailbox", "add", ben, *options, "--password-file", "lines"),
        ("mailbox", "add", ben, "--smtp", "127.0.0.1:1", "--password-file", "-"),
        ("mailbox", "set", ann, "--password-file", "-"),
        ("mailbox", "set", ann, "--password-file", "lines"),
        ("mailbox", "import", "headless.csv"),
        ("mailbox", "import", "latin1.csv"),
        ("mailbox", "import", "refused.csv"),
    )
    assert "SystemExit(0)" not in said
    assert "hunter2" not in said
    (pool.folder / "credentials" / ann).write_text(MARK)
    assert "hunter2" not in everything_said(pool, ("mailbox", "test"), ("mailbox", "test", "--json"), ("check",))


def test_a_password_is_in_no_file_as_it_is(pool: Hand, servers: Servers) -> None:
    for row in servers.rows:
        kept = pool.folder / "credentials" / row["address"]
        assert kept.stat().st_mode & 0o777 == 0o600
    assert (pool.folder / "credentials").stat().st_mode & 0o777 == 0o700
    files = [file for file in pool.folder.rglob("*") if file.is_file()]
    assert {file.name for file in files} >= {"warmup.db", "warmup.toml", "warmup.key", *servers.addresses}
    for file in files:
        assert not [row["address"] for row in servers.rows if row["password"].encode() in file.read_bytes()], file


def test_a_password_is_never_in_argv_or_the_environment(house: Hand) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        smtp = f"127.0.0.1:{silent.getsockname()[1]}"
        server = ("--smtp", smtp, "--smtp-security", "plain", "--imap", "127.0.0.1")
        with Terminal("mailbox", "add", "ann@x.test", *server) as terminal:
            terminal.says("Password of ann@x.test: ")
            terminal.types(MARK + "\n")
            connection, _ = silent.accept()
            with connection:  # nobody answers there, so it stays
                assert b"ann@x.test" in processes()[f"/proc/{terminal.pid}/cmdline"]
                assert not [place for place, shown in processes().items() if b"hunter2" in shown]
                terminal.types("\x03")
                assert terminal.ends() == 130


def test_the_daemon_logs_no_password_not_even_one_that_is_refused(
    house: Hand, tmp_path: Path, process: Callable[..., Process]
) -> None:
    with sandbox(tmp_path) as own:
        house.does("mailbox", "import", str(own.csv))
        for row in own.rows:
            (house.folder / "credentials" / row["address"]).write_text(MARK)
        result = house.types("run", "--jump", "--json", "--start", "2027-03-01", "--until", "2027-03-02")
    facts = [json.loads(line) for line in result.stderr.splitlines()]
    assert "held" in {fact["event"] for fact in facts}
    assert "hunter2" not in result.output
    daemon = process("run")
    daemon.says("started")
    daemon.hears(signal.SIGTERM)
    assert daemon.ends() == 0
    assert "hunter2" not in daemon.told
    assert "hunter2" not in house.does("log", "--json")


# Every command that has --json, and what it needs besides. First the one that makes something to tell of.
SAID_AS_JSON: dict[str, tuple[str, ...]] = {
    "nodes": (),
    "notify": (),
    "placement": (),
    "templates list": (),
    "templates check": ("en/meeting",),
    "templates preview": ("en/meeting",),
    "run": ("--jump", "--start", "2027-03-01", "--until", "2027-03-03"),
    "allowance": ("ann.bell@northpost.test",),
    "audit": (),
    "check": ("--sign-in",),
    "curve list": (),
    "curve preview": ("steady",),
    "curve show": ("steady",),
    "explain": ("ann.bell@northpost.test", "--date", "2027-03-01"),
    "log": (),
    "mailbox list": ("--removed",),
    "mailbox show": ("ann.bell@northpost.test",),
    "mailbox test": (),
    "pauses list": (),
    "pauses show": ("1",),
    "plan": ("--date", "2027-04-01"),
    "prune": (),
    "secrets check": (),
    "status": (),
}
# And those that ask a name server; they end as what they find is.
SAID_OF_THE_NET: dict[str, tuple[str, ...]] = {
    "dns dkim": ("northpost.test", "--selector", "s1"),
    "dns dmarc": ("northpost.test",),
    "dns spf": ("northpost.test", "--ip", "192.0.2.10"),
    "doctor": ("ann.bell@northpost.test",),
    "mailbox discover": ("ann.bell@northpost.test",),
}


def every_command_with_json(command: object, *path: str) -> Iterator[str]:
    for name, below in getattr(command, "commands", {}).items():
        yield from every_command_with_json(below, *path, name)
    if any("--json" in option.opts for option in getattr(command, "params", ())):
        yield " ".join(path)


def disguises(secret: str) -> set[bytes]:
    """How it could stand somewhere: as it is, in hexadecimal digits, or within something in base64, wherever that
    begins.
    """
    raw = secret.encode()
    found = {raw, raw.hex().encode()}
    for before in range(3):
        coded = base64.b64encode(b"\0" * before + raw)
        found.add(coded[(before * 8 + 5) // 6 : (before + len(raw)) * 8 // 6])
    return found


def files_below(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def processes() -> dict[str, bytes]:
    """What `ps axwwe` reads: everybody's command line, and the environments we may see."""
    seen: dict[str, bytes] = {}
    for process in Path("/proc").iterdir():
        for file in ("cmdline", "environ", "comm") if process.name.isdigit() else ():
            try:
                seen[str(process / file)] = (process / file).read_bytes()
            except OSError:  # it has ended, or isn't ours to look at
                continue
    return seen


def live(*more: str) -> subprocess.Popen[bytes]:
    """A daemon with a life so long that we can look while it signs in again and again, and with cores allowed."""
    return subprocess.Popen(
        (*WARMUP, "run", "--jump", "--json", "--start", "2027-04-01", "--until", "2029-01-01", *more),
        stderr=subprocess.PIPE,
        preexec_fn=_with_cores,
    )


def _with_cores() -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def said_until(daemon: subprocess.Popen[bytes], word: bytes) -> bytes:
    assert daemon.stderr is not None
    said = b""
    while word not in said:
        line = daemon.stderr.readline()
        assert line, said
        said += line
    return said


def test_after_a_life_no_marked_password_is_found_anywhere(house: Hand, tmp_path: Path) -> None:
    seen: dict[str, bytes] = {}
    with sandbox(tmp_path, "--mailboxes", "3", "--junk", "0.3") as own:
        marks = [row["password"] for row in own.rows]
        for row in own.rows:
            command = (*WARMUP, "mailbox", "add", row["address"], *own.options(row), "--password-file", "-")
            said = subprocess.run(command, input=row["password"].encode(), capture_output=True, check=True)
            seen[f"add {row['address']}"] = said.stdout + said.stderr
        house.does("mailbox", "pause", own.addresses[2])
        for name, arguments in SAID_AS_JSON.items():
            result = house.types(*name.split(), *arguments, "--json")
            expected = 2 if name == "notify" else 0  # there is nobody to tell
            assert result.exit_code == expected, (name, result.output)
            seen[name] = result.output.encode()
        seen["rotate"] = house.does("secrets", "rotate").encode()
        daemon = live()
        try:
            seen["log"] = said_until(daemon, b'"sent"')
            seen |= processes() | files_below(house.folder)
            house.does("secrets", "rotate")
            seen["log, later"] = said_until(daemon, b'"opened"')
        finally:
            daemon.kill()
            seen["log, to the end"] = daemon.communicate()[1]
    assert any("/warmup.db-wal" in place for place in seen)
    assert f"/proc/{daemon.pid}/cmdline" in seen
    seen |= files_below(house.folder)  # what the killed one has left
    needles = {needle for mark in marks for needle in disguises(mark)}
    assert sum(needle in own.csv.read_bytes() for needle in needles) == len(marks)  # they are found where they are
    assert not [place for place, content in seen.items() for needle in needles if needle in content]


def test_every_command_with_json_is_looked_at_here() -> None:
    known = {**SAID_AS_JSON, **SAID_OF_THE_NET}
    assert set(every_command_with_json(typer.main.get_command(app))) == known.keys(), "one of the tables needs it too"


@pytest.mark.parametrize("name", SAID_OF_THE_NET)
def test_what_asks_a_name_server_says_no_password(
    pool: Hand, servers: Servers, nameserver: Serve, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr("warmup.cli.servers.Web", partial(Web, where=lambda *_: ("127.0.0.1", 1)))
    host, port = nameserver({"northpost.test": "@ MX 10 mx\nmx A 192.0.2.10"}).address
    with Path("warmup.toml").open("a") as file:
        file.write(f'[doctor]\nblocklists = ["bl.lab"]\n[dns]\nservers = ["{host}:{port}"]\n')
    server = () if name == "mailbox discover" else (f"--name-server={host}#{port}",)
    result = pool.types(*name.split(), *SAID_OF_THE_NET[name], *server, "--json")
    assert json.loads(result.stdout)
    said = f"{result.output}{result.stderr}".encode()
    assert not [row for row in servers.rows if any(needle in said for needle in disguises(row["password"]))]


def test_a_daemon_that_crashes_leaves_no_core(house: Hand, tmp_path: Path) -> None:
    crash = [sys.executable, "-c", "import os; os.abort()"]
    code = subprocess.run(crash, cwd=tmp_path, preexec_fn=_with_cores, check=False).returncode
    assert code == -signal.SIGABRT
    if not list(tmp_path.glob("core*")):
        pytest.skip("cores don't go into the working directory here: kernel.core_pattern")
    with sandbox(tmp_path, "--mailboxes", "3") as own:
        house.does("mailbox", "import", str(own.csv))
        daemon = live()
        said_until(daemon, b'"sent"')
        daemon.send_signal(signal.SIGABRT)
        daemon.communicate()
    assert daemon.returncode == -signal.SIGABRT
    assert not list(house.folder.glob("core*"))


def nobodys_python() -> str:
    """One that the user nobody may run: a virtual environment may be where only we can look."""
    if os.geteuid() != 0:
        missing("only root can become somebody else")
    for python in (sys.executable, "/usr/bin/python3"):
        try:
            subprocess.run([python, "-c", ""], user=NOBODY, cwd="/", check=True)
        except OSError:
            continue
        return python
    missing("a Python that the user nobody may run: python3")


@pytest.mark.parametrize(("private", "seen"), [(False, True), (True, False)])
def test_another_program_of_the_same_user_can_not_look_into_a_commands_memory(private: bool, seen: bool) -> None:
    python = nobodys_python()
    stay = f"{Path(privacy.__file__).read_text()}\n{'keep_private()' if private else ''}\nprint(flush=True)\ninput()"
    look = "import sys; open(f'/proc/{sys.argv[1]}/mem', 'rb')"
    with subprocess.Popen(
        [python, "-c", stay], stdin=subprocess.PIPE, stdout=subprocess.PIPE, user=NOBODY, cwd="/"
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        command = [python, "-c", look, str(holder.pid)]
        done = subprocess.run(command, user=NOBODY, cwd="/", capture_output=True, text=True, check=False)
        holder.communicate(b"\n")
    assert (done.returncode == 0) is seen, done.stderr
    assert seen or "Permission denied" in done.stderr
