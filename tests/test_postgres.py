"""A private PostgreSQL is there for who asks, and leaves nothing behind."""

from __future__ import annotations

import psycopg
import pytest

from tests.need import missing
from tests.postgres import cluster, fresh_database, lacking

pytestmark = pytest.mark.postgres


def test_fresh_databases_are_empty_and_know_nothing_of_each_other(postgres_url: str) -> None:
    one, other = fresh_database(postgres_url), fresh_database(postgres_url)
    with psycopg.connect(one) as connection:
        connection.execute("CREATE TABLE mark (id int)")
    with psycopg.connect(other) as connection:
        tables = connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone()
    assert tables == (0,)


def test_the_server_ends_with_its_block_even_if_a_client_is_still_there(postgres_url: str) -> None:
    with cluster() as url:
        assert url != postgres_url
        client = psycopg.connect(url)
    with client, pytest.raises(psycopg.OperationalError):
        client.execute("SELECT 1")
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url, connect_timeout=5)


def test_a_password_is_demanded(postgres_url: str) -> None:
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(psycopg.conninfo.make_conninfo(postgres_url, password="wrong"))


def test_what_is_missing_is_a_skip_with_its_reason_and_a_failure_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI_STRICT", raising=False)
    with pytest.raises(pytest.skip.Exception, match="no initdb"):
        missing("there is no initdb")
    monkeypatch.setenv("CI_STRICT", "1")
    with pytest.raises(pytest.fail.Exception, match="no initdb"):
        missing("there is no initdb")


def test_where_the_programs_are_nowhere_the_reason_names_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.postgres.programs", lambda: None)
    assert "(Debian: postgresql)" in lacking()
