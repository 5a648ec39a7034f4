"""Authentication-Results as real servers write them, and as nobody should."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from warmup.dns.authres import Authentication, Result, parse

GMAIL = """mx.google.com;
       dkim=pass header.i=@example.org header.s=s1 header.b=AbCd1234;
       spf=pass (google.com: domain of ann@example.org designates 192.0.2.1 as permitted sender)
        smtp.mailfrom=ann@example.org;
       dmarc=pass (p=QUARANTINE sp=NONE dis=NONE) header.from=example.org"""
MICROSOFT = """spf=pass (sender IP is 192.0.2.1)
 smtp.mailfrom=example.org; dkim=none (message not signed)
 header.d=none;dmarc=bestguesspass action=none header.from=example.org;compauth=pass reason=109"""
YAHOO = """atlas-production.v2-mail-prod1-gq1.omega.yahoo.com;
 dkim=pass header.i=@example.org header.s=s1;
 spf=softfail smtp.mailfrom=example.org;
 dmarc=fail(p=NONE) header.from=example.org;"""
FASTMAIL = """phl-mx-01.messagingengine.com;
    arc=none (no signatures found);
    dkim=pass (2048-bit rsa key sha256) header.d=example.org
      header.i=@example.org header.b=q header.a=rsa-sha256 header.s=s1 x-bits=2048;
    dmarc=none policy.published-domain-policy=none (none;) header.from=example.org;
    spf=pass smtp.mailfrom=ann@example.org smtp.helo=mail.example.org"""


def said(value: str) -> tuple[str, list[tuple[str, str]]]:
    told = parse(value)
    assert told is not None
    return told.server, [(result.method, result.result) for result in told.results]


@pytest.mark.parametrize(
    ("value", "server", "results"),
    [
        (GMAIL, "mx.google.com", [("dkim", "pass"), ("spf", "pass"), ("dmarc", "pass")]),
        (MICROSOFT, "", [("spf", "pass"), ("dkim", "none"), ("dmarc", "bestguesspass"), ("compauth", "pass")]),
        (
            YAHOO,
            "atlas-production.v2-mail-prod1-gq1.omega.yahoo.com",
            [("dkim", "pass"), ("spf", "softfail"), ("dmarc", "fail")],
        ),
        (
            FASTMAIL,
            "phl-mx-01.messagingengine.com",
            [("arc", "none"), ("dkim", "pass"), ("dmarc", "none"), ("spf", "pass")],
        ),
        # RFC 8601, appendix B
        ("example.org 1; none", "example.org", []),
        ("example.com; spf=pass smtp.mailfrom=example.net", "example.com", [("spf", "pass")]),
        (
            "foo.example.net (foobar) 1 (baz);  dkim (Because I like it) / 1 (One yay) = (wait for it) fail\n"
            " policy (A dot can go here) . (like that) expired (this surprised me) = (as I wasn't expecting it) 13",
            "foo.example.net",
            [],  # a method and its version apart: nobody writes it
        ),
        ('"mail.example.org" ; SPF = Pass', "mail.example.org", [("spf", "pass")]),
        (
            'mail.example.org; dkim/1=pass reason="all; is=well" header.d=a.example',
            "mail.example.org",
            [("dkim", "pass")],
        ),
    ],
)
def test_real_fields_are_read(value: str, server: str, results: list[tuple[str, str]]) -> None:
    assert said(value) == (server, results)


def test_properties_say_what_a_result_is_about() -> None:
    told = parse(GMAIL)
    assert told is not None
    (dkim,) = told.of("dkim")
    assert dict(dkim.properties) == {"header.i": "@example.org", "header.s": "s1", "header.b": "AbCd1234"}


@pytest.mark.parametrize("value", ["", " ", ";", "(only a comment", ";;;", "=", "= = ="])
def test_nonsense_says_nothing(value: str) -> None:
    assert parse(value) is None


def test_what_stands_in_a_comment_or_in_quotes_is_no_result() -> None:
    value = 'mx.example; spf=fail (really; dkim=pass (nested; dmarc=pass)) reason="; dkim=pass header.d=evil.example"'
    assert said(value) == ("mx.example", [("spf", "fail")])


@settings(deadline=None)
@given(st.text(alphabet=st.sampled_from(list('abAB019.;=/()"\\ \t\r\n-_@:')), max_size=300))
def test_whatever_is_written_is_read_without_an_error(value: str) -> None:
    told = parse(value)
    assert told is None or (told.server == told.server.lower() and all(result.method for result in told.results))


_word = st.from_regex(r"[a-z][a-z0-9]{0,8}", fullmatch=True)
_comment = st.sampled_from(["", " (a comment)", " (a (nested; dkim=pass) one)", ' (with " and \\) in it)'])
_results = st.lists(
    st.builds(
        lambda method, result, properties: Result(method, result, properties),
        _word,
        _word,
        st.dictionaries(
            st.builds("{}.{}".format, _word, _word), st.from_regex(r"[a-z0-9@.]{1,12}", fullmatch=True), max_size=3
        ),
    ),
    max_size=4,
)


@settings(deadline=None)
@given(_results, st.data())
def test_what_is_written_by_the_grammar_is_read_back(results: list[Result], data: st.DataObject) -> None:
    text = f"mx.example{data.draw(_comment)}"
    for result in results:
        text += f";{data.draw(_comment)} {result.method}={result.result}{data.draw(_comment)}"
        for name, value in result.properties.items():
            text += f" {name}={value}{data.draw(_comment)}"
    told = parse(text if results else f"{text}; none")
    assert told is not None
    assert told.server == "mx.example"
    assert [(r.method, r.result, dict(r.properties)) for r in told.results] == [
        (r.method, r.result, dict(r.properties)) for r in results
    ]
    assert isinstance(told, Authentication)
