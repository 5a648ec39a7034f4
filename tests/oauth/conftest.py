"""One authorization server for all, as in the beginning for each test; and a Postfix and Dovecot that ask it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import trustme

from tests.cli.conftest import hand as hand
from tests.cli.conftest import process as process
from tests.need import missing
from tests.real.ground import Ground, lacking

from .provider import Provider


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    """Whom all servers here have their certificates of."""
    return trustme.CA()


@pytest.fixture(scope="session")
def standing(authority: trustme.CA) -> Iterator[Provider]:
    with Provider(authority) as provider:
        yield provider


@pytest.fixture
def provider(standing: Provider) -> Provider:
    standing.forget()
    return standing


@pytest.fixture(scope="session")
def ground(authority: trustme.CA, standing: Provider) -> Iterator[Ground]:
    """With fifty mailboxes; takes passwords, and the authorization server's tokens."""
    if reason := lacking():
        missing(reason)
    with Ground(50, tokens=f"{standing.base}/introspect", authority=authority) as ground:
        yield ground
