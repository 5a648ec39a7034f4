"""Whom we trust."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
import trustme

from warmup.errors import ConfigError
from warmup.model import Security
from warmup.smtp import context

from .client import one_mail
from .conftest import Serve


def test_one_context_is_shared_by_all() -> None:
    assert context() is context()


def test_names_and_certificates_are_always_checked() -> None:
    assert context().check_hostname
    assert context().verify_mode is ssl.CERT_REQUIRED
    assert context().minimum_version >= ssl.TLSVersion.TLSv1_2


async def test_an_operators_own_authority_is_trusted_beside_the_systems(
    serve: Serve, authority: trustme.CA, tmp_path: Path
) -> None:
    file = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(file))
    own = context(str(file))
    assert own.cert_store_stats()["x509_ca"] == context().cert_store_stats()["x509_ca"] + 1
    assert (await one_mail(await serve(implicit=True), own, Security.TLS)).positive


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_file_without_authorities_is_named(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "authority.pem"
    if content is not None:
        file.write_text(content)
    with pytest.raises(ConfigError, match=f"{file}: no certificates can be read"):
        context(str(file))
