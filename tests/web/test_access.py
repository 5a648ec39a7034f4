"""Who may look, and who may change something: asked over the wire."""

from __future__ import annotations

import json
import re
import stat
from dataclasses import replace
from urllib.request import urlopen

import pytest

from tests.store.pool import NOON, Pool
from warmup.config import Config
from warmup.errors import SecretError, UsageError
from warmup.store import pauses
from warmup.web import Dashboard, token
from warmup.web.access import LASTING, Access

from .conftest import Opens
from .visitor import Visitor

ANN = "/mailboxes/ann@one.test"


def held(pool: Pool) -> int:
    return len(pool.store.run(pauses.active, NOON))


def behind(config: Config, origin: str) -> Config:
    return replace(config, web=replace(config.web, origin=origin))


def test_on_this_machine_everybody_may_look_and_nobody_change_without_the_token(visitor: Visitor, pool: Pool) -> None:
    assert [visitor.gets(path).status for path in ("/", ANN, "/pauses", "/api/pool", "/metrics")] == [200] * 5
    page = visitor.gets(ANN).text
    assert "<form" not in page
    assert "Sign in" in page
    assert visitor.fills(f"{ANN}/pause", **{"for": "1d"}).status == 403
    assert visitor.posts("/api/mailboxes/ann@one.test/pause").status == 401
    assert held(pool) == 1


def test_without_a_token_there_is_nothing_to_sign_in_with(opens: Opens) -> None:
    visitor = Visitor(opens())
    assert "warmup web --new-token" in visitor.gets(ANN).text
    assert "warmup web --new-token" in visitor.gets("/sign-in").text
    assert visitor.signs_in("").status == 403
    assert "warmup web --new-token" in visitor.posts("/api/pauses/1/end").json["error"]


def test_who_shows_the_token_is_known_until_they_sign_out(visitor: Visitor, key: str) -> None:
    assert visitor.signs_in("x" * 43).status == 403
    assert visitor.cookie == ""
    answer = visitor.signs_in(key)
    assert (answer.status, answer.headers["Location"]) == (303, "/")
    assert {"HttpOnly", "SameSite=strict"} <= set(str(answer.headers["Set-Cookie"]).split("; "))
    assert key not in visitor.cookie
    proof = visitor.proof(ANN)
    assert visitor.fills("/sign-out", proof=proof).status == 303
    assert "<form" not in visitor.gets(ANN).text


@pytest.mark.parametrize(
    "foreign",
    [
        {"Origin": "http://evil.test"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
    ids=str,
)
def test_a_page_of_another_origin_changes_nothing_whatever_it_sends(
    owner: Visitor, pool: Pool, foreign: dict[str, str]
) -> None:
    body = f"proof={owner.proof(ANN)}&for=1d"
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    assert owner.asks("POST", f"{ANN}/pause", body=body, headers=kind | foreign).status == 403
    assert held(pool) == 1
    assert owner.asks("POST", f"{ANN}/pause", body=body, headers=kind).status == 303  # from no browser, but with proof
    assert held(pool) == 2


@pytest.mark.parametrize("proof", ["", "0" * 64, "é"])
def test_a_form_without_its_proof_changes_nothing(owner: Visitor, pool: Pool, proof: str) -> None:
    assert owner.fills(f"{ANN}/pause", proof=proof).status == 403
    assert held(pool) == 1


def test_a_cookie_is_not_enough_for_the_api(owner: Visitor, pool: Pool) -> None:
    assert owner.posts("/api/pauses/1/end").status == 401
    assert held(pool) == 1


@pytest.mark.parametrize("host", ["evil.test", "evil.test:8025", "127.0.0.1.evil.test", "", "[::1", "local\thost"])
def test_who_asks_for_a_foreign_name_hears_nothing(visitor: Visitor, host: str) -> None:
    answer = visitor.gets("/", Host=host)
    assert answer.status in {400, 421}
    assert "ann@one.test" not in answer.text


@pytest.mark.parametrize("host", ["127.0.0.1:1", "localhost", "LOCALHOST:8025", "[::1]:8025", "192.0.2.1"])
def test_an_address_is_no_foreign_name(visitor: Visitor, host: str) -> None:
    assert visitor.gets("/", Host=host).status == 200


def test_behind_a_name_of_its_own_nothing_is_shown_without_the_token(opens: Opens, config: Config, key: str) -> None:
    origin = "https://warmup.example.org"
    visitor = Visitor(opens(behind(config, origin)), Host="warmup.example.org")
    answer = visitor.gets(ANN)
    assert (answer.status, answer.headers["Location"]) == (303, f"/sign-in?next={ANN.replace('@', '%40')}")
    assert [visitor.gets(path).status for path in ("/api/pool", "/metrics", "/api/nothing")] == [401] * 3
    assert [visitor.gets(path).status for path in ("/sign-in", "/healthz", "/static/style.css")] == [200, 503, 200]
    assert visitor.gets("/api/pool", Authorization=f"Bearer {key}").status == 200
    assert visitor.gets("/api/pool", Authorization=f"Bearer {key}x").status == 401
    body, kind = f"token={key}", {"Content-Type": "application/x-www-form-urlencoded", "Origin": origin}
    answer = visitor.asks("POST", "/sign-in", body=body, headers=kind)
    assert "Secure" in str(answer.headers["Set-Cookie"])
    assert visitor.gets(ANN).status == 200


@pytest.mark.parametrize("path", ["//evil.test", "/\\evil.test", "https://evil.test", "evil", "/\r\nX: y", ""])
def test_signing_in_leads_to_no_page_but_ours(visitor: Visitor, key: str, path: str) -> None:
    assert visitor.fills("/sign-in", token=key, next=path).headers["Location"] == "/"


def test_every_answer_tells_browsers_to_keep_to_what_is_ours(owner: Visitor) -> None:
    answers = [owner.gets(path) for path in ("/", "/nothing", "/static/live.js", "/static/none", "/api/pool")]
    answers += [owner.gets("/", Host="evil.test"), owner.posts("/"), owner.posts("/sign-out")]
    for answer in answers:
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-store"


def test_a_page_has_no_script_or_style_of_its_own(owner: Visitor) -> None:
    for path in ("/", ANN, "/pauses/1", "/events", "/sign-in"):
        page = owner.gets(path).text
        assert page.count("<script") == page.count('<script src="/static/live.js" defer></script>') == 1
        assert " style=" not in page
        assert not re.search(r"<[^>]* on\w+=", page)


def test_a_session_ends_by_itself_and_with_its_token() -> None:
    now = [1000.0]
    access = Access(("127.0.0.1", 1), None, "t" * 40, lambda: now[0])
    cookie = access.begin()
    assert access.remembers(cookie)
    mark, _, proof = cookie.rpartition(".")
    assert not access.remembers(f"9{mark}.{proof}")
    assert not replace(access, token="u" * 40).remembers(cookie)
    assert not replace(access, token=None).remembers(cookie)
    now[0] += LASTING
    assert not access.remembers(cookie)


@pytest.mark.parametrize("listen", [("0.0.0.0", 0), ("::", 0), ("192.0.2.1", 0)])
def test_it_is_not_begun_where_others_can_reach_it_without_a_token(config: Config, listen: tuple[str, int]) -> None:
    with pytest.raises(UsageError, match=r"can be reached by others, and there is no token in .*; make one with"):
        Dashboard(config, listen)
    with pytest.raises(UsageError, match="can be reached by others"):
        Dashboard(behind(config, "https://warmup.example.org"), ("127.0.0.1", 0))


def test_where_others_can_reach_it_the_token_opens_it(config: Config, pool: Pool, key: str) -> None:
    with Dashboard(config, ("0.0.0.0", 0)) as dashboard:
        assert Visitor(dashboard).gets("/api/pool").status == 401
        assert Visitor(dashboard, Authorization=f"bearer {key}").gets("/api/pool").status == 200


def test_an_address_of_ipv6_is_as_good(config: Config, pool: Pool) -> None:
    with Dashboard(config, ("::1", 0)) as dashboard:
        assert dashboard.url == f"http://[::1]:{dashboard.port}"
        with urlopen(f"{dashboard.url}/api/pool") as answer:
            assert len(json.load(answer)) == 3


def test_the_token_is_its_owners_alone_and_never_shown(config: Config, key: str) -> None:
    file = config.web.token
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert key not in repr(Access(("127.0.0.1", 1), None, key, lambda: 0.0))
    token.renew(file)
    assert token.read(file) != key
    file.chmod(0o640)
    with pytest.raises(SecretError, match=r"open to other users; chmod 600"):
        token.read(file)
    file.chmod(0o600)
    file.write_text("swordfish\n")
    with pytest.raises(SecretError, match="holds no token") as told:
        token.read(file)
    assert "swordfish" not in str(told.value)


def test_more_than_anybody_has_to_say_is_not_listened_to(owner: Visitor) -> None:
    assert owner.fills("/sign-in", token="x" * 20_000).status == 413
    assert owner.asks("POST", "/sign-in", body="token=x").status == 400
