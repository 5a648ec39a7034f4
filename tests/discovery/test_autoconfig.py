"""Autoconfig answers that are wrong, or lies, are refused; what is right in a file is taken."""

from __future__ import annotations

import pytest

from tests.discovery.conftest import SETTINGS, settings
from warmup.discovery.autoconfig import Refused, read
from warmup.model import Endpoint, Security

BOMB = (
    """<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>""" + SETTINGS.partition("?>")[2]
)
FETCH = """<!DOCTYPE c SYSTEM "https://evil.test/x.dtd">""" + SETTINGS.partition("?>")[2]


@pytest.mark.parametrize(
    ("file", "why"),
    [
        (settings(security="plain", port="143"), "its IMAP server imap.example.test is without TLS"),
        (settings(security="none"), "its IMAP server imap.example.test has security 'none'"),
        (settings(security="ssl"), "its IMAP server imap.example.test has security 'ssl'"),
        (settings(security=""), "its IMAP server imap.example.test has security ''"),
        (settings(port="0"), "its IMAP server imap.example.test has port '0'"),
        (settings(port="65536"), "its IMAP server imap.example.test has port '65536'"),
        (settings(port="-1"), "its IMAP server imap.example.test has port '-1'"),
        (settings(port="99٣"), "its IMAP server imap.example.test has port '99٣'"),
        (settings(imap=""), "its IMAP server '' is no host"),
        (settings(imap="http://imap.example.test"), "its IMAP server 'http://imap.example.test' is no host"),
        (settings(imap="imap.example.test/x"), "its IMAP server 'imap.example.test/x' is no host"),
        (settings(imap="a b"), "its IMAP server 'a b' is no host"),
        (settings(imap="x" * 300), f"its IMAP server {'x' * 80!r} is no host"),
        (settings(login="ann\u2028x"), "its SMTP server has a user name that is none"),
        (settings(login="a" * 300), "its SMTP server has a user name that is none"),
        (settings(auth="GSSAPI"), "its servers take no password, nor OAuth"),
        (SETTINGS.replace('"imap"', '"ews"'), "it names no IMAP server"),
        (SETTINGS.replace("outgoingServer", "otherServer"), "it names no SMTP server"),
        ("<html><body>404</body></html>", "it is no autoconfig file"),
        ("<clientConfig/>", "it names no SMTP server"),
        ("", "it is no XML: no element found: line 1, column 0"),
        (SETTINGS[:200], "it is no XML: "),
        ("not found", "it is no XML: syntax error: line 1, column 0"),
        (BOMB, "it has a document type, which such files don't need"),
        (FETCH, "it has a document type, which such files don't need"),
    ],
)
def test_what_cannot_be_used_is_refused_with_the_reason(file: str, why: str) -> None:
    with pytest.raises(Refused) as caught:
        read(file.encode(), "example.test", "ann@example.test")
    assert str(caught.value).startswith(why)


def test_the_first_server_that_can_be_used_counts() -> None:
    both = settings(security="plain", port="143").replace(
        "<outgoingServer",
        '<incomingServer type="imap"><hostname>two.example.test</hostname><port>143</port>'
        "<socketType>STARTTLS</socketType></incomingServer><outgoingServer",
    )
    assert read(both.encode(), "example.test", None).imap == Endpoint("two.example.test", 143, Security.STARTTLS)


def test_a_server_on_this_machine_needs_no_tls() -> None:
    file = settings(imap="localhost", security="plain", port="1143")
    assert read(file.encode(), "example.test", None).imap == Endpoint("localhost", 1143, Security.PLAIN)


@pytest.mark.parametrize(
    ("login", "address", "template"),
    [
        ("%EMAILADDRESS%", "ann@example.test", "%EMAILADDRESS%"),
        ("Ann@Example.test", "ann@example.test", "%EMAILADDRESS%"),  # written for this address
        ("ann", "ann@example.test", "%EMAILLOCALPART%"),
        ("ann", None, "ann"),
        ("%EMAILLOCALPART%", None, "%EMAILLOCALPART%"),
        ("%EMAILLOCALPART%.%EMAILDOMAIN%", None, "%EMAILLOCALPART%.%EMAILDOMAIN%"),
        ("", None, "%EMAILADDRESS%"),
    ],
)
def test_the_user_name_is_kept_as_it_holds_for_every_mailbox(login: str, address: str | None, template: str) -> None:
    assert read(settings(login=login).encode(), "example.test", address).login == template


def test_two_user_names_are_the_address() -> None:
    file = settings(login="%EMAILLOCALPART%").replace("%EMAILLOCALPART%", "%EMAILADDRESS%", 1)
    assert read(file.encode(), "example.test", None).login == "%EMAILADDRESS%"


@pytest.mark.parametrize(
    ("auth", "taken"),
    [
        ("password-cleartext", ("password",)),
        ("password-encrypted", ("password",)),
        ("OAuth2", ("oauth",)),
        ("OAuth2</authentication><authentication>password-cleartext", ("password", "oauth")),
    ],
)
def test_what_they_take_is_told_in_our_words(auth: str, taken: tuple[str, ...]) -> None:
    assert read(settings(auth=auth).encode(), "example.test", None).auth == taken


def test_a_host_may_be_named_after_the_domain() -> None:
    assert read(settings(imap="imap.%EMAILDOMAIN%").encode(), "other.test", None).imap.host == "imap.other.test"
