"""A password is in the vault and nowhere else: not in what is said or logged, not in the database, not in argv."""

from __future__ import annotations

import json
import signal
import socket
from collections.abc import Callable
from pathlib import Path

from .conftest import sandbox
from .hand import Hand, Process, Servers, Terminal

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


def test_a_password_is_in_the_vault_and_not_in_the_database(pool: Hand, servers: Servers) -> None:
    for row in servers.rows:
        kept = pool.folder / "credentials" / row["address"]
        assert (kept.read_text(), kept.stat().st_mode & 0o777) == (row["password"], 0o600)
    assert (pool.folder / "credentials").stat().st_mode & 0o777 == 0o700
    elsewhere = [file for file in pool.folder.rglob("*") if file.is_file() and file.parent.name != "credentials"]
    assert {file.name for file in elsewhere} >= {"warmup.db", "warmup.toml"}
    for file in elsewhere:
        assert not [row["address"] for row in servers.rows if row["password"].encode() in file.read_bytes()], file


def test_a_password_is_never_in_argv_or_the_environment(house: Hand) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        server = ("--smtp", f"127.0.0.1:{silent.getsockname()[1]}", "--smtp-security", "plain")
        with Terminal("mailbox", "add", "ann@x.test", *server) as terminal:
            terminal.says("Password of ann@x.test: ")
            terminal.types(MARK + "\n")
            connection, _ = silent.accept()
            with connection:  # nobody answers there, so it stays
                shown = b"".join(Path(f"/proc/{terminal.pid}/{file}").read_bytes() for file in ("cmdline", "environ"))
                assert b"ann@x.test" in shown
                assert b"hunter2" not in shown
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
