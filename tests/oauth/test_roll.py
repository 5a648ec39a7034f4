"""`warmup mailbox export` and `import`: a mailbox that opens by consent comes back as it was."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.hand import Hand
from tests.real.ground import Ground
from warmup.oauth import packed
from warmup.secrets import Vault
from warmup.store import Store, mailboxes

from .provider import Provider
from .test_authorize import home as home
from .test_authorize import servers as servers

ELSEWHERE = ("--database", "elsewhere.db")


@pytest.fixture
def ann(home: Hand, ground: Ground, servers: list[str], provider: Provider) -> str:
    """Registered, with a relay and a source address; she has consented."""
    account = ground.mailboxes[0]
    relays = ("--relay", f"localhost:{ground.submission}/starttls=40", "--source", "127.0.0.2")
    home.does("mailbox", "add", account.address, *servers, *relays, "--password-file", "-", stdin=account.password)
    Vault(Path("credentials")).put(account.address, packed(provider.consents(account.address)))
    with Store.open("sqlite:///warmup.db") as store:
        store.run(mailboxes.change, store.run(mailboxes.get, account.address).id, auth="oauth:local")
    Path("pool.csv").write_text(home.does("mailbox", "export"))
    return account.address


def test_a_mailbox_by_consent_with_relays_is_imported_as_it_was_exported(home: Hand, ann: str) -> None:
    assert home.does("mailbox", "import", "pool.csv", *ELSEWHERE) == "1 mailbox registered\n"
    before = home.reads("mailbox", "show", ann)
    after = home.reads("mailbox", "show", ann, *ELSEWHERE)
    assert after == before | {"added_at": after["added_at"]}
    assert after["auth"] == "oauth:local"
    assert [relay["weight"] for relay in after["relays"]] == [40]
    assert home.reads("mailbox", "test", *ELSEWHERE)[0]["works"]
    assert home.does("mailbox", "export", *ELSEWHERE) == Path("pool.csv").read_text()


def test_without_its_consent_it_is_not_registered_and_told_what_to_run(home: Hand, ann: str) -> None:
    Vault(Path("credentials")).delete(ann)
    code, lines = home.errs("mailbox", "import", "pool.csv", *ELSEWHERE)
    assert code == 77
    assert lines[0].startswith(f"pool.csv:2: {ann}: there is no credential")
    assert lines[0].endswith(f"; bring its consent along, or: warmup mailbox add {ann} --oauth local")
    assert lines[1] == "nothing was registered"
    assert home.reads("mailbox", "list", *ELSEWHERE) == []


def test_a_consent_that_was_taken_back_is_not_registered(home: Hand, ann: str, provider: Provider) -> None:
    provider.revoke(ann)
    code, lines = home.errs("mailbox", "import", "pool.csv", *ELSEWHERE)
    assert code == 77
    assert "local refuses: invalid_grant" in lines[0]
    assert lines[0].endswith(f"; run: warmup mailbox add {ann} --oauth local")
    assert home.reads("mailbox", "list", *ELSEWHERE) == []


@pytest.mark.parametrize(
    ("auth", "password", "told"),
    [
        ("oauth:local", "hunter2", "a password beside auth oauth:local, which needs none; leave out one of them"),
        ("oauth:other", "", "there is no client id for 'other': write it into [oauth.other] in the configuration"),
        ("token", "", "auth 'token'; write password, or oauth:NAME for consent by [oauth.NAME]"),
        ("oauth:", "", "auth 'oauth:'; write password, or oauth:NAME"),
    ],
)
def test_what_the_column_auth_cannot_say_is_told_with_its_line(home: Hand, auth: str, password: str, told: str) -> None:
    Path("pool.csv").write_text(f"address,auth,password\nann@x.test,{auth},{password}\n")
    code, lines = home.errs("mailbox", "import", "pool.csv")
    assert code == 2
    assert lines[0].startswith(f"pool.csv:2: {told}")
    assert "hunter2" not in "".join(lines)
