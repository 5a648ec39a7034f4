"""The cast of the sandbox and the demo: invented people with accounts at invented providers.

Owns: names, addresses, passwords and zones. Their passwords guard nothing: all of it is on loopback and thrown away.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Sequence
from pathlib import Path

from warmup.model import Endpoint, digest
from warmup.sandbox import Account

from .roll import COLUMNS

# RFC 2606 §2: .test is nobody's.
PROVIDERS = ("northpost.test", "bluemail.test", "letterbox.test")
ZONES = ("Europe/Berlin", "Europe/Lisbon", "America/New_York")
_FIRST = "Ann Ben Clara David Emma Felix Grace Henry Iris Jonas Kate Leo Mara Nils Olga Paul Rosa Sam Tess Victor"
_LAST = "Bell Carter Dunn Ellis Frost Grant Hale Irving Jensen Keller Lane Moore Nash Owen Price"


def people(count: int) -> tuple[Account, ...]:
    """`count` accounts, round robin over the providers."""
    given, family = _FIRST.split(), _LAST.split()
    accounts = []
    for number in range(count):
        again, first = divmod(number, len(given))
        last = family[(number * 7 + again) % len(family)]
        distinct = f".{again // len(family) + 1}" if again >= len(family) else ""
        address = f"{given[first]}.{last}{distinct}@{PROVIDERS[number % len(PROVIDERS)]}".lower()
        accounts.append(Account(address, digest("sandbox", address)[:16]))
    return tuple(accounts)


def register_csv(file: Path, accounts: Sequence[Account], smtp: Endpoint, imap: Endpoint) -> None:
    """Write the accounts as `warmup mailbox import` reads them."""
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "w", encoding="utf-8", newline="") as out:
        sheet = csv.DictWriter(out, (*COLUMNS, "password"), restval="", lineterminator="\n")
        sheet.writeheader()
        for number, account in enumerate(accounts):
            sheet.writerow(
                {
                    "address": account.address,
                    "smtp": f"{smtp.host}:{smtp.port}",
                    "smtp_security": smtp.security,
                    "imap": f"{imap.host}:{imap.port}",
                    "imap_security": imap.security,
                    "zone": ZONES[number % len(ZONES)],
                    "password": account.password,
                }
            )
