"""Bytes from outside are read, or refused as promised; a few of each kind, the same ones each time. `make fuzz` throws
more.
"""

from __future__ import annotations

import pytest

from .readers import READERS
from .trial import tried


@pytest.mark.parametrize("name", READERS)
def test_whatever_comes_is_read_or_refused(name: str) -> None:
    tried(name, number=0, inputs=40)


@pytest.mark.parametrize(
    ("name", "octets"),
    [
        ("CSV of mailboxes", b"address,zone,password\nann@north.test,Europe,x\n"),  # a directory of zones
        ("CSV of mailboxes", b"address,zone,password\nann@north.test,%s,x\n" % (b"a" * 5000)),
        ("CSV of mailboxes", b"address,password_file\nann@north.test,a\0b\n"),
        ("configuration", b'authorities = "%s"\n' % (b"a" * 5000)),
        ("configuration", b'[mail]\ntemplates = "%s"\n' % (b"a" * 5000)),
    ],
)
def test_what_was_found_once_is_refused_as_promised(name: str, octets: bytes) -> None:
    READERS[name].read(octets)
