"""data/providers.toml: every row has the form that its head tells, and is found by what it is known by."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from typing import Any

import pytest

from warmup.config import Known, directory
from warmup.config.places import packed
from warmup.model import Endpoint, Security

TABLES: dict[str, dict[str, Any]] = tomllib.loads((packed("data") / "providers.toml").read_text("utf-8"))
KNOWN = directory().known
KEYS = {"title", "provider", "domains", "mx", "smtp", "imap", "login", "auth", "limits", "note", "sources"}
LIMITS = {
    "messages_per_day",
    "recipients_per_day",
    "messages_per_hour",
    "recipients_per_hour",
    "messages_per_minute",
    "smtp_connections",
    "imap_connections",
}
DOMAIN = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+")

each_row = pytest.mark.parametrize("one", KNOWN, ids=lambda one: one.name)


@each_row
def test_a_row_has_the_keys_it_needs_and_no_others(one: Known) -> None:
    table = TABLES[one.name]
    assert {"title", "smtp", "imap", "auth", "sources"} <= set(table) <= KEYS
    assert table.get("domains") or table.get("mx")
    assert table["smtp"].keys() == table["imap"].keys() == {"host", "port", "security"}
    assert set(one.limits) <= LIMITS
    assert all(isinstance(limit, int) and limit > 0 for limit in one.limits.values())


@each_row
def test_its_sources_are_pages(one: Known) -> None:
    assert one.sources
    assert [source for source in one.sources if not re.fullmatch(r"https://[^\s/]+\.[a-z]+(/\S*)?", source)] == []


@each_row
def test_its_servers_are_hosts_with_tls(one: Known) -> None:
    for server in (one.smtp, one.imap):
        assert server.loopback or DOMAIN.fullmatch(server.host)
        assert server.security in {Security.TLS, Security.STARTTLS}
        assert type(server.port) is int
    assert one.smtp.port in {465, 587, 1025}
    assert one.imap.port in {993, 143, 1143}


@each_row
def test_its_words_are_known_and_its_note_is_a_sentence(one: Known) -> None:
    assert one.login in {"address", "local"}
    assert one.auth
    assert set(one.auth) <= {"password", "app password", "oauth"}
    assert re.fullmatch(r"[a-z0-9.-]+", one.provider)
    assert one.title.isprintable()
    assert not one.note or (one.note.endswith(".") and one.note.isprintable() and len(one.note) < 250)
    assert "password" in one.auth or one.note, "that its own password doesn't open it must be told"


def test_no_domain_and_no_end_of_an_mx_is_in_two_rows() -> None:
    for names in ([name for one in KNOWN for name in one.domains], [name for one in KNOWN for name in one.mx]):
        assert [name for name, count in Counter(names).items() if count > 1] == []
        assert [name for name in names if not DOMAIN.fullmatch(name)] == []


@pytest.mark.parametrize(
    ("domain", "provider"),
    {
        "gmail.com": "google",
        "outlook.com": "microsoft",
        "yahoo.com": "yahoo",
        "aol.com": "yahoo",
        "me.com": "apple",
        "web.de": "gmx",
        "gmx.net": "gmx",
        "fastmail.fm": "fastmail",
        "zohomail.eu": "zoho",
        "pm.me": "proton",
    }.items(),
)
def test_a_domain_has_its_receiver(domain: str, provider: str) -> None:
    known = directory().of_domain(domain.upper())
    assert known
    assert known.provider == directory().receivers[domain] == provider


@pytest.mark.parametrize(
    ("host", "name"),
    {
        "aspmx.l.google.com": "google-workspace",
        "ALT1.ASPMX.L.GOOGLE.COM.": "google-workspace",
        "aspmx2.googlemail.com": "google-workspace",
        "gmail-smtp-in.l.google.com": "gmail",
        "example-com.mail.protection.outlook.com": "microsoft365",
        "example-com.r-v1.mx.microsoft": "microsoft365",
        "eur.olc.protection.outlook.com": "outlook",
        "mta5.am0.yahoodns.net": "yahoo",
        "mx-aol.mail.gm0.yahoodns.net": "aol",
        "in1-smtp.messagingengine.com": "fastmail",
        "mx2.zoho.eu": "zoho-eu",
        "notgoogle.com": None,
        "google.com.example.org": None,
        "mx.example.org": None,
    }.items(),
)
def test_an_mx_is_known_by_the_longest_end_of_its_name(host: str, name: str | None) -> None:
    known = directory().of_mx(host)
    assert (known and known.name) == name


def test_a_server_is_known_by_its_host_but_not_this_machine() -> None:
    shared = Endpoint("OUTLOOK.office365.com", 993, Security.TLS)
    for domain, name in {"live.com": "outlook", "example.org": "microsoft365"}.items():
        known = directory().of_server(shared, domain)
        assert known
        assert known.name == name
    assert directory().of_server(Endpoint("127.0.0.1", 1143, Security.STARTTLS), "pm.me") is None
    assert directory().of_server(Endpoint("imap.example.org", 993, Security.TLS), "gmail.com") is None
