"""What is ours, and what only looks like it."""

from __future__ import annotations

import pytest

from warmup.imap.proof import Proof

PROOF = Proof("X-Warmup", {"<a@x>": "t1", "<b@x>": "t2"})


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("Message-ID: <a@x>|X-Warmup: t1", "<a@x>"),
        ("message-id:<a@x>|x-WARMUP:t1", "<a@x>"),
        ("Message-ID:|  <a@x>|X-Warmup:|\tt1", "<a@x>"),
        ("Subject: ( unmatched|Message-ID: <b@x>|X-Warmup: t2||X-Warmup: t9", "<b@x>"),
        ("Message-ID: <a@x>|X-Warmup: t2", None),
        ("Message-ID: <a@x>|X-Warmup: t1x", None),
        ("Message-ID: <a@x>|X-Warmup: T1", None),
        ("Message-ID: <a@x>", None),
        ("Message-ID: <a@x>|X-Warmup: t1|X-Warmup: t2", None),
        ("Message-ID: <a@x>|X-Warmup: t1|X-Warmup: t1", None),
        ("Message-ID: <a@x>|Message-ID: <b@x>|X-Warmup: t1", None),
        ("Message-ID: <other@x>|X-Warmup: t9", None),
        ("Message-ID: <replaced@ses>|X-Warmup: t2", "<b@x>"),
        ("Message-ID: <r@outlook>|X-Microsoft-Original-Message-ID: <a@x>|X-Warmup: t1", "<a@x>"),
        ("X-Warmup: t2", "<b@x>"),
        ("Message-ID: <xx<a@x>>|X-Warmup: t9", None),
        ("", None),
        ("X-Warmup: \udcff", None),
    ],
)
def test_a_message_is_ours_by_its_label(header: str, name: str | None) -> None:
    raw = header.replace("|", "\r\n").encode("utf-8", "surrogateescape") + b"\r\n\r\n"
    assert PROOF.names(raw) == name
