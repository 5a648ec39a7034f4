"""[oauth.NAME]: who we are to authorization servers."""

from __future__ import annotations

import tomllib
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from warmup.config import Config, load
from warmup.config.places import packed
from warmup.errors import ConfigError

KNOWN = tomllib.loads((packed("data") / "oauth.toml").read_text("utf-8"))
OWN = """
[oauth.own]
client_id = "warmup"
authorize = "https://login.example.org/authorize"
token = "https://login.example.org:8443/token"
scopes = ["mail", "offline"]
"""


def read(tmp_path: Path, text: str) -> Config:
    file = tmp_path / "warmup.toml"
    file.write_text(text)
    return load(file, {})


def test_google_needs_only_the_client(tmp_path: Path) -> None:
    client = read(tmp_path, '[oauth.google]\nclient_id = "1-a.apps"\nclient_secret = "GOCSPX-a"').client("google")
    assert (client.id, client.secret, client.provider) == ("1-a.apps", "GOCSPX-a", "google")
    assert client.scopes == ("https://mail.google.com/",)
    assert client.extra == (("access_type", "offline"), ("prompt", "consent"))
    assert (client.device, client.redirect) == (None, "127.0.0.1")
    assert "GOCSPX-a" not in repr(client)


def test_microsoft_has_a_tenant_or_everybody_s(tmp_path: Path) -> None:
    client = read(tmp_path, '[oauth.microsoft]\nclient_id = "0-0"').client("microsoft")
    assert client.authorize == "https://login.microsoftonline.com/common/oauth2/v2.0/authorize"
    assert client.redirect == "localhost"
    assert "offline_access" in client.scopes
    client = read(tmp_path, '[oauth.microsoft]\nclient_id = "0-0"\ntenant = "x.example"').client("microsoft")
    assert client.device == "https://login.microsoftonline.com/x.example/oauth2/v2.0/devicecode"
    assert client.token == "https://login.microsoftonline.com/x.example/oauth2/v2.0/token"


def test_another_provider_is_described_by_its_endpoints(tmp_path: Path) -> None:
    client = read(tmp_path, OWN).client("own")
    assert (client.token, client.scopes, client.device) == (
        "https://login.example.org:8443/token",
        ("mail", "offline"),
        None,
    )


def test_a_provider_that_is_not_there_is_named() -> None:
    with pytest.raises(ConfigError, match=r"no client id for google in the configuration; .*\[oauth\.google\]"):
        load(None, {}).client("google")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[oauth.google]", ":1: oauth.google.client_id: is missing; write the one that the provider gave you"),
        (OWN.replace("authorize =", "# "), ":2: oauth.own.authorize: is missing; its URL, with https://"),
        (OWN.replace("scopes =", "# "), ":2: oauth.own.scopes: is missing; write what to ask for"),
        (OWN.replace("https://login.example.org:", "http://x:"), ":5: oauth.own.token: 'http://x:8443/token' won't do"),
        (f"{OWN}secret = 1", ":7: oauth.own.secret: unknown key"),
        ('[oauth.microsoft]\nclient_id = "0"\ntenant = "a/b"', ":3: oauth.microsoft.tenant: 'a/b' won't do"),
        ("[oauth]\ngoogle = 1", ":2: oauth.google: is a whole number; write a table, [oauth.google]"),
    ],
)
def test_a_mistake_is_told_with_line_and_key(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigError) as error:
        read(tmp_path, text)
    assert said in str(error.value)


@pytest.mark.parametrize("name", KNOWN)
def test_every_shipped_provider_names_its_source_and_speaks_https(name: str) -> None:
    facts = KNOWN[name]
    assert facts["source"].startswith("https://")
    urls = [urlsplit(facts[key]) for key in ("authorize", "token", "device") if key in facts]
    assert {url.scheme for url in urls} == {"https"}
    assert facts["scopes"]
