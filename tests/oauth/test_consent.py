"""Consent: in a browser that comes back to loopback, and by a code that is typed elsewhere."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlsplit

import pytest

from tests.servers import free_ports
from warmup.errors import SignInError, TokenLost, UsageError
from warmup.oauth import Denied, by_browser, by_device

from .browser import Browser
from .provider import Provider

ANN = "ann@local.test"


def test_consent_in_a_browser_gives_both_tokens(provider: Provider) -> None:
    browser = Browser(provider.trusting)
    given = by_browser(provider.client, ANN, provider.trusting, browser)
    browser.done()
    assert provider.owner(given.access.token) == ANN
    assert given.lasts == timedelta(hours=1)
    assert given.refresh is not None
    assert provider.known(given.refresh)
    assert browser.pages[0][0] == 200
    assert "You can close this page" in browser.pages[0][1]
    asked = browser.asked
    assert (asked["scope"], asked["login_hint"], asked["code_challenge_method"]) == ("mail", ANN, "S256")
    assert len(asked["state"]) >= 32
    assert given.access.token not in repr(given)
    assert given.refresh not in repr(given)


def test_a_code_that_somebody_else_shows_without_the_verifier_is_worth_nothing(provider: Provider) -> None:
    """The server's side of PKCE: what the browser carried isn't enough."""
    form = {"code": "", "redirect_uri": "http://127.0.0.1:1", "grant_type": "authorization_code"}
    provider.authorize(
        {"client_id": provider.id, "redirect_uri": "http://127.0.0.1:1", "response_type": "code", "scope": "mail"}
        | {"state": "s", "login_hint": ANN, "code_challenge": "c", "code_challenge_method": "S256"}
    )
    form["code"] = next(iter(provider._codes))
    with pytest.raises(Exception, match="invalid_grant"):
        provider.token(form | {"client_id": provider.id, "client_secret": provider.secret})


def test_a_provider_s_own_parameters_are_sent_along(provider: Provider) -> None:
    browser = Browser(provider.trusting)
    client = replace(provider.client, extra=(("access_type", "offline"), ("prompt", "consent")))
    by_browser(client, ANN, provider.trusting, browser)
    browser.done()
    assert (browser.asked["access_type"], browser.asked["prompt"]) == ("offline", "consent")


def test_a_page_that_guesses_the_port_changes_nothing(provider: Provider) -> None:
    browser = Browser(provider.trusting)

    def show(address: str) -> None:
        browser.shown = address
        for query in ("", "?code=stolen&state=guessed", "?error=access_denied", "?state=%ff&code=x"):
            browser.opens(f"{browser.asked['redirect_uri']}/{query}")
        browser(address)

    given = by_browser(provider.client, ANN, provider.trusting, show)
    browser.done()
    assert provider.owner(given.access.token) == ANN
    assert [status for status, _ in browser.pages] == [404, 404, 404, 404, 200]


def test_who_says_no_is_told_so(provider: Provider) -> None:
    provider.denies = True
    browser = Browser(provider.trusting)
    with pytest.raises(Denied, match="local refuses: access_denied; consent was denied; ask again, and allow it"):
        by_browser(provider.client, ANN, provider.trusting, browser)
    browser.done()


def test_nobody_who_comes_back_is_waited_for_only_so_long(provider: Provider) -> None:
    with pytest.raises(SignInError, match=r"ann@local\.test: nobody consented within 0\.05 s; ask again"):
        by_browser(provider.client, ANN, provider.trusting, lambda _: None, patience=0.05)


def test_a_port_that_is_taken_is_named(provider: Provider) -> None:
    port = urlsplit(provider.base).port
    assert port is not None
    with pytest.raises(UsageError, match=f"--port {port}: can't be listened on: Address already in use"):
        by_browser(provider.client, ANN, provider.trusting, lambda _: None, port=port)


def test_a_secret_that_is_wrong_is_to_be_mended_in_the_configuration(provider: Provider) -> None:
    browser = Browser(provider.trusting)
    client = replace(provider.client, secret="wrong")
    with pytest.raises(Denied, match=r"refuses: invalid_client \(because of that: invalid_client\); mend client_id"):
        by_browser(client, ANN, provider.trusting, browser)
    browser.done()


def _types(provider: Provider, waits: list[float], *, at: int = 1) -> Callable[[float], None]:
    """Somebody who types the code while we wait for the `at`th time."""

    def wait(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == at:
            provider.types("ABCD-EFGH", ANN)

    return wait


def test_a_code_typed_elsewhere_gives_both_tokens(provider: Provider) -> None:
    waits: list[float] = []
    shown: list[tuple[str, str]] = []
    given = by_device(
        provider.client, provider.trusting, lambda *what: shown.append(what), wait=_types(provider, waits, at=3)
    )
    assert provider.owner(given.access.token) == ANN
    assert given.refresh is not None
    assert shown == [(f"{provider.base}/typed", "ABCD-EFGH")]
    assert waits == [5, 5, 5]


def test_a_server_that_wants_us_slower_gets_it(provider: Provider) -> None:
    provider.device_answers = ["slow_down", "authorization_pending", "slow_down"]
    waits: list[float] = []
    by_device(provider.client, provider.trusting, lambda *_: None, wait=_types(provider, waits))
    assert waits == [5, 10, 10, 15]


def test_a_server_that_is_down_for_a_moment_is_asked_again(provider: Provider) -> None:
    waits: list[float] = []
    typed = _types(provider, waits)

    def wait(seconds: float) -> None:
        typed(seconds)
        provider.down = len(waits) < 3

    by_device(provider.client, provider.trusting, lambda *_: None, wait=wait)
    assert waits == [5, 10, 15]


@pytest.mark.parametrize(
    ("error", "words"),
    [("access_denied", "consent was denied"), ("expired_token", "nobody consented in time; ask again")],
)
def test_a_device_is_told_no(provider: Provider, error: str, words: str) -> None:
    provider.device_answers = [error]
    with pytest.raises(Denied, match=words):
        by_device(provider.client, provider.trusting, lambda *_: None, wait=lambda _: None)


def test_a_device_that_nobody_types_for_gives_up_in_time(provider: Provider) -> None:
    waits: list[float] = []
    with pytest.raises(Denied, match="nobody consented in time"):
        by_device(provider.client, provider.trusting, lambda *_: None, wait=waits.append)
    assert sum(waits) == 60  # as long as the server said


def test_a_client_that_is_not_known_gets_no_device_code(provider: Provider) -> None:
    with pytest.raises(Denied, match="invalid_client"):
        by_device(replace(provider.client, id="nobody"), provider.trusting, lambda *_: None)


def test_a_provider_without_device_codes_says_what_to_do_instead(provider: Provider) -> None:
    with pytest.raises(UsageError, match=r"no device codes for mail; without --device, .*ssh -L 8400"):
        by_device(replace(provider.client, device=None), provider.trusting, lambda *_: None)


@pytest.mark.parametrize("trouble", ["untrusted", "down", "garbled", "closed"])
def test_a_server_that_can_not_be_asked_is_told_without_what_was_asked(provider: Provider, trouble: str) -> None:
    tls, client = provider.trusting, provider.client
    match trouble:
        case "untrusted":
            tls = ssl.create_default_context()
        case "closed":
            (port,) = free_ports(1)
            client = replace(client, device=f"https://127.0.0.1:{port}/device")
        case _:
            setattr(provider, trouble, True)
    with pytest.raises(TokenLost) as lost:
        by_device(client, tls, lambda *_: None)
    words = {
        "untrusted": "the certificate of 127.0.0.1 isn't trusted",
        "down": "127.0.0.1 answered 503",
        "garbled": "127.0.0.1 answered 200, with no JSON",
        "closed": "127.0.0.1 refuses connections",
    }
    assert words[trouble] in str(lost.value)
