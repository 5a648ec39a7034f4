"""Of all that stands in a header, what the receiver's own servers wrote is believed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from warmup.dns import Level, Witness, trace
from warmup.dns.seen import aligned, judge
from warmup.dns.trace import Signature, Trace, kin

RECEIVER = ["north.example", "imap.north.example", "mx1.mail.north.example"]
AT = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)
OWN = """Received: from mx1.mail.north.example ([10.0.0.5]) by store.north.example; Wed, 25 Nov 2026 09:00:09 +0000
Authentication-Results: mx1.mail.north.example;
 spf=fail smtp.mailfrom=ann@south.example; dkim=pass header.d=south.example; dmarc=pass
Received: from out.south.example (out.south.example [198.51.100.7])
 by mx1.mail.north.example with ESMTPS; Wed, 25 Nov 2026 09:00:07 +0000
"""
BELOW = """DKIM-Signature: v=1; a=rsa-sha256; d=South.example; s=S1; h=from; bh=x; b=y
Received: from [192.168.1.4] (home.example [203.0.113.9]) by out.south.example; Wed, 25 Nov 2026 10:00:02 +0100
From: ann@south.example
Subject: A word

"""
FORGED = "Authentication-Results: mx1.mail.north.example; spf=pass; dkim=pass header.d=south.example; dmarc=pass\n"


def read(*parts: str) -> Trace:
    return trace("".join(parts).replace("\n", "\r\n").encode(), RECEIVER)


def results(told: Trace) -> list[str]:
    return [f"{result.method}={result.result}" for result in told.seen.results] if told.seen else []


def test_a_header_tells_who_signed_whence_it_came_and_what_was_seen() -> None:
    told = read(OWN, BELOW)
    assert told.signatures == (Signature("south.example", "s1"),)
    assert told.address == "198.51.100.7"
    assert told.stamped == AT + timedelta(seconds=2)
    assert results(told) == ["spf=fail", "dkim=pass", "dmarc=pass"]


def test_a_field_that_came_with_the_message_is_not_believed() -> None:
    assert results(read(OWN, FORGED, BELOW)) == ["spf=fail", "dkim=pass", "dmarc=pass"]
    bare = OWN.partition("Authentication-Results")[0] + "Received: from out" + OWN.partition("Received: from out")[2]
    assert results(read(bare, FORGED, BELOW)) == []


def test_another_servers_field_is_not_believed_even_above() -> None:
    assert results(read(FORGED.replace("mx1.mail.north", "mx.elsewhere"), OWN, BELOW))[0] == "spf=fail"


def test_a_field_without_a_name_is_the_receivers_if_its_own_stamp_stands_on_top() -> None:
    nameless = OWN.replace("mx1.mail.north.example;\n spf", "spf")
    assert results(read(nameless, BELOW))[0] == "spf=fail"
    relayed = "Received: from store.north.example by forward.elsewhere.example; Wed, 25 Nov 2026 09:00:10 +0000\n"
    assert results(read(relayed, nameless, BELOW)) == []


@pytest.mark.parametrize(
    ("host", "house"),
    [
        ("mx1.mail.north.example", "north.example"),
        ("gmail-smtp-in.l.google.com.", "google.com"),
        ("mail.example.co.uk", "example.co.uk"),
        ("com", ""),
        ("", ""),
        ("192.0.2.1", ""),
    ],
)
def test_hosts_of_one_house_have_a_name_in_common(host: str, house: str) -> None:
    assert kin(host) == house


@settings(deadline=None)
@given(st.binary(max_size=600))
def test_any_header_is_read_without_an_error(header: bytes) -> None:
    assert isinstance(trace(b"Received: " + header, RECEIVER), Trace)
    assert isinstance(trace(b"Authentication-Results: " + header, RECEIVER), Trace)


def witness(told: Trace, sent_at: datetime = AT) -> Witness:
    return Witness(domain="south.example", by="north.example", sent_at=sent_at, trace=told)


def codes(told: Trace, sent_at: datetime = AT) -> set[str]:
    return {finding.code for finding in judge(witness(told, sent_at)) if finding.level is not Level.OK}


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("spf=pass; dkim=pass header.d=south.example; dmarc=pass", set()),
        ("spf=pass; dkim=pass header.i=@mail.south.example; dmarc=pass", set()),
        ("spf=temperror; dkim=temperror; dmarc=temperror", set()),
        ("spf=softfail; dkim=pass header.d=south.example; dmarc=pass", {"seen-spf"}),
        ("spf=none; dkim=pass header.d=south.example", {"seen-spf"}),
        ("spf=pass; dkim=fail header.d=south.example; dmarc=pass", {"seen-dkim"}),
        ("spf=pass; dkim=fail header.d=south.example; dkim=pass header.d=south.example", set()),
        ("spf=pass; dkim=pass header.d=relay.example; dkim=permerror header.d=south.example", {"seen-dkim"}),
        ("spf=fail; dkim=fail header.d=south.example; dmarc=fail", {"seen-spf", "seen-dkim", "seen-dmarc"}),
    ],
)
def test_what_a_receiver_saw_is_judged(said: str, expected: set[str]) -> None:
    head, _, rest = OWN.partition(" spf=fail")
    assert (
        codes(read(head, f" {said}\n", "Received: from out" + rest.partition("Received: from out")[2], BELOW))
        == expected
    )


def test_mail_that_is_signed_for_somebody_else_is_unsigned() -> None:
    told = read(OWN.replace("spf=fail", "spf=pass"), BELOW.replace("d=South.example", "d=south-example.relay.example"))
    assert codes(told) == {"dkim-unsigned"}


def test_a_receiver_that_tells_nothing_is_told_of() -> None:
    assert codes(read(BELOW)) == {"seen-nothing"}


@pytest.mark.parametrize(("minutes", "wrong"), [(0, False), (-4, False), (4, False), (6, True), (-90, True)])
def test_our_clock_is_compared_with_the_first_servers(minutes: int, wrong: bool) -> None:
    told = judge(witness(read(OWN.replace("spf=fail", "spf=pass"), BELOW), AT + timedelta(minutes=minutes)))
    assert ("clock-wrong" in {finding.code for finding in told}) == wrong


def test_a_pass_counts_for_the_same_house_only() -> None:
    assert aligned("example.org", "mail.example.org")
    assert not aligned("example.org", "example.net")
    assert not aligned("co.uk", "example.co.uk")
