"""Records to publish keep what stands, add what is needed, and are right."""

from __future__ import annotations

import base64
import textwrap
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.dns.zones import KEY
from warmup.dns.spf import parse
from warmup.dns.tags import Malformed
from warmup.dns.writing import dkim_record, dmarc_record, spf_record

GOOGLE = "include:_spf.google.com"


@pytest.mark.parametrize(
    ("standing", "needed", "value"),
    [
        ([], [GOOGLE], f"v=spf1 {GOOGLE} ~all"),
        (["v=spf1 mx -all"], [GOOGLE], f"v=spf1 mx {GOOGLE} -all"),
        (["v=spf1 mx ?all"], [], "v=spf1 mx ~all"),
        (["v=spf1 mx +all"], ["mx"], "v=spf1 mx ~all"),
        (["v=spf1 mx"], ["mx"], "v=spf1 mx ~all"),
        (["v=spf1 mx -all", "v=spf1 a ~all"], [], "v=spf1 mx a -all"),
        (["v=spf1 ip4:192.0.2.300 mx -all"], [], "v=spf1 mx -all"),
        (["v=spf1 ptr mx -all"], [], "v=spf1 mx -all"),
        (["v=spf1 redirect=_spf.example.net"], [GOOGLE], f"v=spf1 include:_spf.example.net {GOOGLE} ~all"),
        (["v=spf1 mx -all exp=why.example.net"], [GOOGLE], f"v=spf1 mx {GOOGLE} -all exp=why.example.net"),
        (["v=spf1 mx -all include:late.example.net"], [GOOGLE], f"v=spf1 mx {GOOGLE} -all"),
    ],
)
def test_spf_merges_what_is_needed_into_what_stands(standing: list[str], needed: list[str], value: str) -> None:
    draft = spf_record("example.org", standing, needed)
    assert draft.value == value
    assert draft.changes


@pytest.mark.parametrize(
    "standing", [f"v=spf1 {GOOGLE} -all", f"v=spf1  mx {GOOGLE} ~all", "v=spf1 redirect=_spf.google.com"]
)
def test_spf_that_does_is_left_as_it_is(standing: str) -> None:
    draft = spf_record("example.org", [standing], [GOOGLE])
    assert (draft.value, draft.done) == (standing, True)


_words = st.sampled_from(
    [
        "a",
        "mx",
        "-mx",
        "ptr",
        "ip4:192.0.2.1",
        "ip4:bad",
        "include:a.example",
        "nonsense",
        "+all",
        "?all",
        "-all",
        "redirect=b.example",
    ]
)


@settings(deadline=None)
@given(
    st.lists(st.lists(_words, max_size=6), max_size=3),
    st.lists(st.sampled_from([GOOGLE, "mx", "ip6:2001:db8::1"]), max_size=3),
)
def test_whatever_stands_the_record_is_right_and_final(standing: list[list[str]], needed: list[str]) -> None:
    texts = [" ".join(["v=spf1", *words]) for words in standing]
    draft = spf_record("example.org", texts, needed)
    record = parse(draft.value)
    written = {str(term) for term in record.terms}
    covered = written | {f"include:{record.redirect}"}
    assert set(needed) <= covered
    assert record.redirect or (record.all is not None and record.all.qualifier in "~-")
    again = spf_record("example.org", [draft.value], needed)
    assert (again.value, again.changes) == (draft.value, ())


@pytest.mark.parametrize(
    ("standing", "policy", "reports", "value"),
    [
        ([], None, None, "v=DMARC1; p=none"),
        ([], None, "d@example.org", "v=DMARC1; p=none; rua=mailto:d@example.org"),
        (["v=DMARC1; p=reject; sp=none"], None, None, "v=DMARC1; p=reject; sp=none"),
        (["v=DMARC1; p=none; fo=1"], "quarantine", None, "v=DMARC1; p=quarantine; fo=1"),
        (["v=DMARC1; p=none; rua=a@b.example"], None, "d@example.org", "v=DMARC1; p=none; rua=mailto:d@example.org"),
        (["v=DMARC1; p=maybe", "v=DMARC1; p=reject"], None, None, "v=DMARC1; p=reject"),
    ],
)
def test_dmarc_keeps_what_stands(standing: Sequence[str], policy: str | None, reports: str | None, value: str) -> None:
    (draft,) = dmarc_record("example.org", standing, policy, reports)
    assert (draft.name, draft.value) == ("_dmarc.example.org", value)
    (again,) = dmarc_record("example.org", [draft.value], policy, reports)
    assert again.done


def test_reports_to_another_domain_need_a_record_there() -> None:
    _, other = dmarc_record("example.org", [], None, "d@example.net")
    assert str(other) == 'example.org._report._dmarc.example.net. TXT "v=DMARC1"'


def test_a_key_is_taken_from_pem_from_base64_and_from_a_record() -> None:
    lines = "\n".join(textwrap.wrap(KEY, 64))
    pem = f"-----BEGIN PUBLIC KEY-----\n{lines}\n-----END PUBLIC KEY-----\n"
    values = {dkim_record("example.org", "s1", key, []).value for key in (pem, lines, f"v=DKIM1; k=rsa; p={KEY}")}
    assert values == {f"v=DKIM1; k=rsa; p={KEY}"}
    draft = dkim_record("example.org", "s1", pem, [f"v=DKIM1; p={KEY[:90]} {KEY[90:]}"])
    assert (draft.name, draft.done) == ("s1._domainkey.example.org", True)
    assert all(len(string) <= 255 for string in str(draft).split('"')[1::2])


def test_a_private_key_is_refused() -> None:
    body = base64.b64encode(b"secret").decode()
    with pytest.raises(Malformed, match="private key") as caught:
        dkim_record("example.org", "s1", f"-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----", [])
    assert body not in str(caught.value)
