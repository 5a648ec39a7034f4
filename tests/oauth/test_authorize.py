"""`warmup mailbox authorize` and `mailbox add --oauth`: somebody types them, and consents in a browser."""

from __future__ import annotations

import json
import re
import signal
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import SETTINGS
from tests.cli.hand import Hand, Process
from tests.real.ground import Ground
from warmup.secrets import Vault

from .browser import Browser
from .provider import Provider

Start = Callable[..., Process]


@pytest.fixture
def home(hand: Hand, ground: Ground, provider: Provider) -> Hand:
    """A folder with a configuration that knows the authorization server."""
    settings = f'authorities = "{ground.ca_file}"\n{SETTINGS}{provider.settings}'
    Path("warmup.toml").write_text(settings)
    hand.does("init")
    return hand


@pytest.fixture
def servers(ground: Ground) -> list[str]:
    smtp, imap = f"{ground.host}:{ground.smtps}", f"{ground.host}:{ground.imaps}"
    return ["--smtp", smtp, "--smtp-security", "tls", "--imap", imap, "--imap-security", "tls"]


@pytest.fixture
def ann(home: Hand, ground: Ground, servers: list[str]) -> str:
    """Registered with her password."""
    account = ground.mailboxes[0]
    home.does("mailbox", "add", account.address, *servers, "--password-file", "-", stdin=account.password)
    return account.address


def consents(process: Process, provider: Provider) -> Browser:
    """Somebody opens what the command shows."""
    process.says("Ctrl-C gives up")
    found = re.search(r"^https://\S+$", process.told, re.MULTILINE)
    assert found, process.told
    browser = Browser(provider.trusting)
    browser.opens(found[0])
    return browser


def tokens(provider: Provider, home: Hand) -> Iterator[str]:
    """All that mustn't be told."""
    yield from provider._access
    yield from provider._refresh
    yield provider.secret


def told_by(home: Hand, *more: str) -> str:
    """All that is told, and kept outside of the vault."""
    said = [home.does("mailbox", "list", "--json"), home.does("check", "--json"), home.does("status", "--json")]
    with sqlite3.connect("warmup.db") as db:
        said += db.iterdump()
    return "\n".join((*said, *more))


def test_a_registered_mailbox_is_authorized_and_then_opens_without_its_password(
    home: Hand, ann: str, provider: Provider, process: Start
) -> None:
    command = process("mailbox", "authorize", ann, "--provider", "local")
    browser = consents(command, provider)
    assert command.ends() == 0, command.told
    assert command.told.splitlines()[-1] == f"{ann}: authorized by local; nothing more to do until it is taken back"
    assert f"{ann}: signed in to 127.0.0.1" in command.told
    assert "You can close this page" in browser.pages[0][1]
    assert home.reads("mailbox", "show", ann)["auth"] == "oauth:local"
    assert home.reads("mailbox", "test", ann)[0]["works"]
    assert provider.known(json.loads(Vault(Path("credentials")).get(ann))["refresh_token"])
    assert not [token for token in tokens(provider, home) if token in told_by(home, command.told)]


def test_a_mailbox_is_registered_by_consent_alone(
    home: Hand, ground: Ground, servers: list[str], provider: Provider, process: Start
) -> None:
    ben = ground.mailboxes[1].address
    command = process("mailbox", "add", ben, "--oauth", "local", *servers)
    consents(command, provider)
    assert command.ends() == 0, command.told
    assert command.told.endswith(f"{ben}: registered\n")
    assert home.reads("mailbox", "show", ben)["auth"] == "oauth:local"
    submission = f"{ground.host}:{ground.submission}"
    home.does("mailbox", "set", ben, "--smtp", submission, "--smtp-security", "starttls")  # tried with a token
    home.does("mailbox", "set", ben, "--password-file", "-", stdin=ground.mailboxes[1].password)
    assert home.reads("mailbox", "show", ben)["auth"] == "password"
    assert home.reads("mailbox", "test", ben)[0]["works"]


def test_a_code_is_typed_elsewhere(home: Hand, ann: str, provider: Provider, process: Start) -> None:
    provider.pace = 0.05
    command = process("mailbox", "authorize", ann, "--provider", "local", "--device")
    command.says("code: ABCD-EFGH")
    provider.types("ABCD-EFGH", ann)
    assert command.ends() == 0, command.told
    assert home.reads("mailbox", "test", ann)[0]["works"]


def test_consent_by_somebody_else_changes_nothing(
    home: Hand, ann: str, ground: Ground, provider: Provider, process: Start
) -> None:
    provider.pace = 0.05
    before = Vault(Path("credentials")).get(ann)
    command = process("mailbox", "authorize", ann, "--provider", "local", "--device")
    command.says("code: ABCD-EFGH")
    provider.types("ABCD-EFGH", ground.mailboxes[1].address)
    assert command.ends() == 77
    last = command.told.splitlines()[-1]
    assert last.startswith(f"warmup: {ann}: submission at 127.0.0.1")
    assert f"was the browser signed in as {ann}" in last
    assert Vault(Path("credentials")).get(ann) == before
    assert home.reads("mailbox", "show", ann)["auth"] == "password"


def test_giving_up_leaves_everything_as_it_was(home: Hand, ann: str, provider: Provider, process: Start) -> None:
    command = process("mailbox", "authorize", ann, "--provider", "local")
    command.says("Ctrl-C gives up")
    command.hears(signal.SIGINT)
    assert command.ends() == 130
    assert command.told.splitlines()[-1] == "warmup: interrupted"
    assert home.reads("mailbox", "show", ann)["auth"] == "password"


def test_a_no_is_told_in_one_line(home: Hand, ann: str, provider: Provider, process: Start) -> None:
    provider.denies = True
    command = process("mailbox", "authorize", ann, "--provider", "local")
    consents(command, provider)
    assert command.ends() == 77
    words = "local refuses: access_denied; consent was denied; ask again, and allow it"
    assert command.told.splitlines()[-1] == f"warmup: {ann}: {words}"


def test_access_for_an_hour_only_is_not_enough(home: Hand, ann: str, provider: Provider, process: Start) -> None:
    provider.offline = False
    command = process("mailbox", "authorize", ann, "--provider", "local")
    consents(command, provider)
    assert command.ends() == 77
    last = command.told.splitlines()[-1]
    assert last.startswith(
        f"warmup: {ann}: local gave access for 60 min and no refresh token; take the earlier consent"
    )


def test_a_client_that_the_provider_does_not_know_is_to_be_mended(home: Hand, ann: str, provider: Provider) -> None:
    Path("warmup.toml").write_text(Path("warmup.toml").read_text().replace(provider.id, "somebody"))
    code, (line,) = home.errs("mailbox", "authorize", ann, "--provider", "local", "--device")
    assert code == 77
    assert line.startswith(f"{ann}: local refuses: invalid_client (because of that: invalid_client); mend client_id")


def test_an_authorization_server_that_is_away_is_to_be_asked_later(home: Hand, ann: str, provider: Provider) -> None:
    provider.down = True
    asked = ("mailbox", "authorize", ann, "--provider", "local", "--device")
    assert home.errs(*asked) == (1, [f"{ann}: 127.0.0.1 answered 503; try again later"])


@pytest.mark.parametrize("options", [(), ("--provider", "google")])
def test_a_provider_that_is_not_configured_is_to_be(home: Hand, ann: str, options: tuple[str, ...]) -> None:
    code, (line,) = home.errs("mailbox", "authorize", ann, *options)
    name = "google" if options else ann.partition("@")[2]
    assert (code, line) == (
        2,
        f"there is no client id for {name!r}: write it into [oauth.{name}] in the configuration, or name another with "
        "--provider; configured: local",
    )


def test_consent_that_is_taken_back_is_told_with_the_command(
    home: Hand, ann: str, provider: Provider, process: Start
) -> None:
    provider.pace = 0.05
    command = process("mailbox", "authorize", ann, "--provider", "local", "--device")
    command.says("code: ABCD-EFGH")
    provider.types("ABCD-EFGH", ann)
    assert command.ends() == 0, command.told
    provider.revoke(ann)
    result = home.types("mailbox", "test", ann, "--json")
    assert result.exit_code == 77
    assert json.loads(result.stdout)[0]["says"].endswith(f"run: warmup mailbox authorize {ann}")
