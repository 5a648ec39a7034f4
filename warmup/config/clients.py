"""Who we are to authorization servers: [oauth.NAME], and what is known of the NAMEs that everybody has.

Owns: which keys describe a client. Does not own: the flows (`warmup.oauth`), or mailboxes.
Sources: RFC 6749 §3.1 and §3.2 (endpoints are https).
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from typing import Any

from warmup.model import Client

from .document import Table
from .places import packed
from .values import each, matching, text

_url = matching(r"https://[^\s/?#]+(/[^\s?#]*)?", 'a URL, like "https://login.example.org/token"')
_name = matching(r"[a-z0-9][a-z0-9.-]*", 'a provider\'s name, like "google"')
_tenant = matching(r"[A-Za-z0-9.-]+", "the tenant's domain or its number, or common, organizations or consumers")


@cache
def known() -> Mapping[str, Mapping[str, Any]]:
    """The endpoints of providers, as they come with the program."""
    return tomllib.loads((packed("data") / "oauth.toml").read_text("utf-8"))


def clients(tables: Mapping[str, Table]) -> dict[str, Client]:
    """By the provider's name; those with a mistake are left out."""
    found = {}
    for name, table in tables.items():
        with table:
            client = _client(name, table)
        if client is not None:
            found[name] = client
    return found


def _client(name: str, table: Table) -> Client | None:
    shipped = known().get(name, {})
    client_id = table.need("client_id", text, "write the one that the provider gave you")
    secret = table.take("client_secret", text, None)
    tenant = table.take("tenant", _tenant, "common")
    urls = {}
    for key in ("authorize", "token"):
        urls[key] = table.take(key, _url, None) if key in shipped else table.need(key, _url, "its URL, with https://")
    device = table.take("device", _url, None)
    scopes = table.take("scopes", each(text), None)
    if not scopes and not shipped:
        table.mistake("scopes", "is missing; write what to ask for, so that mail can be sent and read over IMAP")
    facts = {key: value for key, value in shipped.items() if key != "source"}
    facts |= {key: value for key, value in {**urls, "device": device, "scopes": scopes}.items() if value}
    if client_id is None or not {"authorize", "token", "scopes"} <= facts.keys():
        return None
    for key in {"authorize", "token", "device"} & facts.keys():
        facts[key] = facts[key].replace("{tenant}", tenant)
    extra = tuple(facts.pop("extra", {}).items())
    return Client(provider=name, id=client_id, secret=secret, extra=extra, **facts | {"scopes": tuple(facts["scopes"])})
