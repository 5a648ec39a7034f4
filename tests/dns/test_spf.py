"""SPF, DKIM and DMARC records, read by their grammars."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.dns.zones import KEY, key
from warmup.dns import dkim, dmarc
from warmup.dns.spf import parse, records
from warmup.dns.tags import Malformed, tags


@pytest.mark.parametrize(
    "text",
    [
        "v=spf1",
        "v=spf1 -all",
        "v=spf1 +mx a:colo.example.com/28 -all",
        "v=spf1 a:example.org/24//64 mx/30 ip4:192.0.2.0/24 ip6:2001:db8::/32 ~all",
        "v=spf1 exists:%{ir}.%{v}._spf.%{d2} ?all",
        "v=spf1 include:_spf.google.com include:spf.protection.outlook.com -all",
        "v=spf1 redirect=_spf.example.com",
        "v=spf1 mx -all exp=explain._spf.%{d}",
        "v=spf1 ptr:example.org other=thing -all",
        "v=SPF1 MX  -ALL ",
    ],
)
def test_good_records_are_read(text: str) -> None:
    assert parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "v=spf1 ip4:192.0.2.300 -all",
        "v=spf1 ip4:2001:db8::1 -all",
        "v=spf1 ip6:192.0.2.1",
        "v=spf1 ip4:192.0.2.0/255.255.255.0",
        "v=spf1 ip4",
        "v=spf1 include -all",
        "v=spf1 include: -all",
        "v=spf1 include:localhost",
        "v=spf1 all:example.org",
        "v=spf1 a/33",
        "v=spf1 a:example.org/",
        "v=spf1 include:example.org/24",
        "v=spf1 exists:%{x}.example.org",
        "v=spf1 foo -all",
        "v=spf1 192.0.2.1 -all",
        "v=spf1 redirect=a.example redirect=b.example",
        "v=spf1 mx, -all",
        "v=spf1 – all",
    ],
)
def test_bad_records_are_refused(text: str) -> None:
    with pytest.raises(Malformed):
        parse(text)


def test_only_records_of_that_version_count() -> None:
    texts = ["v=spf1 -all", "v=spf10 -all", "V=SPF1", "spf2.0/pra -all", "x v=spf1"]
    assert records(texts) == ["v=spf1 -all", "V=SPF1"]


_networks = st.ip_addresses(v=4).map("ip4:{}".format) | st.ip_addresses(v=6).map("ip6:{}".format)
_named = st.builds(
    "{}{}.example{}".format,
    st.sampled_from(["include:", "exists:"]),
    st.from_regex(r"[a-z]{1,8}", fullmatch=True),
    st.just(""),
)
_terms = st.builds(
    "{}{}".format,
    st.sampled_from(["", "-", "~", "?"]),
    _networks | _named | st.sampled_from(["a", "mx", "ptr", "a/24", "mx:b.example//64"]),
)


@settings(deadline=None)
@given(st.lists(_terms, max_size=8), st.sampled_from(["", " -all", " redirect=c.example"]))
def test_a_record_is_written_as_it_was_read(terms: list[str], end: str) -> None:
    text = " ".join(["v=spf1", *terms]) + end
    assert str(parse(text)) == text
    assert parse(str(parse(text))) == parse(text)


@settings(deadline=None)
@given(st.text(max_size=80))
def test_any_text_is_read_or_refused(text: str) -> None:
    for read in (parse, dmarc.parse, dkim.parse, tags):
        with suppress(Malformed):
            read(f"v=spf1 {text}")


@pytest.mark.parametrize(("bits"), [512, 768, 1024, 2048])
def test_the_length_of_a_key_is_read(bits: int) -> None:
    assert dkim.parse(f"v=DKIM1; k=rsa; p={key(bits)}").bits == bits


@pytest.mark.parametrize("cut", [4, 8, 40, 100, 300])
def test_a_key_that_was_cut_is_refused(cut: int) -> None:
    with pytest.raises(Malformed):
        dkim.parse(f"p={KEY[:-cut]}")


@pytest.mark.parametrize(
    ("uri", "domain"),
    [
        ("mailto:d@example.org", "example.org"),
        ("MAILTO:d@Example.org!10m", "example.org"),
        ("d@example.org", None),
        ("https://example.org/", None),
        ("mailto:example.org", None),
    ],
)
def test_only_an_address_can_be_reported_to(uri: str, domain: str | None) -> None:
    assert dmarc.reported_to(uri) == domain
