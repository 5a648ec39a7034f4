"""Modified UTF-7, both ways."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmup.imap.names import decode, encode


@pytest.mark.parametrize(
    ("name", "wire"),
    [
        ("INBOX", "INBOX"),
        ("Junk E-mail", "Junk E-mail"),
        ("Sales & Support", "Sales &- Support"),
        ("Entwürfe", "Entw&APw-rfe"),
        ("Courrier indésirable", "Courrier ind&AOk-sirable"),
        ("~peter/mail/台北/日本語", "~peter/mail/&U,BTFw-/&ZeVnLIqe-"),  # RFC 3501 §5.1.3
        ("📬", "&2D3c7A-"),
        ("a\r\nb", "a&AA0ACg-b"),
        ("", ""),
    ],
)
def test_a_name_has_two_forms(name: str, wire: str) -> None:
    assert encode(name) == wire
    assert decode(wire) == name


@given(st.text())
def test_every_name_survives_the_way_there_and_back(name: str) -> None:
    wire = encode(name)
    assert wire.isascii()
    assert all(sign.isprintable() for sign in wire)
    assert decode(wire) == name


@given(st.text(alphabet=st.sampled_from("&-A,U+/é\n ")) | st.text())
def test_any_text_is_a_name_or_a_value_error(text: str) -> None:
    with suppress(ValueError):
        decode(text)


@pytest.mark.parametrize("text", ["&", "a&b", "&AOk", "&AO-", "&A-", "Entwürfe", "&2D0-", "a\tb", "&AP/8-"])
def test_what_stands_for_no_name_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        decode(text)
