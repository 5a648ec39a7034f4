"""A DKIM key record, read and judged.

Owns: the grammar, and how good a key is. Does not own: which selector (`warmup.dns.trace`), checking signatures: the
receivers do that and tell (`warmup.dns.authres`).
Sources: RFC 6376 §3.6.1 (key records), RFC 8301 (RSA of 1024 bits at least, no SHA-1), RFC 8463 (Ed25519); X.690 and
RFC 3279 §2.3.1 (how a key is written).
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .finding import Finding, found
from .tags import Malformed, tags

_WEAK, _ADVISED = 1024, 2048  # bits
_SEQUENCE, _INTEGER, _BITS = 0x30, 0x02, 0x03  # X.690 §8
_RSA = bytes.fromhex("06092a864886f70d010101")  # the OID rsaEncryption
_NO_KEY = "p= is no public key, or a part of one"


@dataclass(frozen=True, slots=True)
class Key:
    """`bits` is 0 of a key that was revoked."""

    kind: str  # rsa or ed25519
    bits: int
    testing: bool
    hashes: frozenset[str]  # empty: any


def parse(text: str) -> Key:
    """Raises `Malformed`."""
    told = tags(text)
    if told.get("v", "DKIM1") != "DKIM1" or ("v" in told and next(iter(told)) != "v"):
        raise Malformed("v=DKIM1 is to be its beginning")
    if "p" not in told:
        raise Malformed("p= is missing")
    kind = told.get("k", "rsa").lower()
    return Key(
        kind=kind,
        bits=_bits(kind, "".join(told["p"].split())),
        testing="y" in told.get("t", "").replace(" ", "").split(":"),
        hashes=frozenset(filter(None, told.get("h", "").replace(" ", "").lower().split(":"))),
    )


def judge(name: str, texts: Sequence[str]) -> Iterator[Finding]:
    """What is to be said of the records at `name`, SELECTOR._domainkey.DOMAIN."""
    if not texts:
        yield found("dkim-missing", name, f"there is no key at {name}")
        return
    if len(texts) > 1:
        yield found("dkim-several", name, f"there are {len(texts)} records at {name}")
        return
    try:
        key = parse(texts[0])
    except Malformed as error:
        yield found("dkim-syntax", name, f"the key at {name} can't be read: {error}")
        return
    faults = list(_faults(name, key))
    yield from faults or [found("dkim-ok", name, f"{key.kind} key, {key.bits} bits")]


def _faults(name: str, key: Key) -> Iterator[Finding]:
    if not key.bits:
        yield found("dkim-revoked", name, f"the key at {name} was revoked (p= is empty)")
        return
    if key.kind == "rsa" and key.bits < _WEAK:
        yield found("dkim-weak", name, f"the key at {name} has {key.bits} bits")
    elif key.kind == "rsa" and key.bits < _ADVISED:
        yield found("dkim-short", name, f"the key at {name} has {key.bits} bits")
    if key.testing:
        yield found("dkim-testing", name, f"the key at {name} is marked as a test (t=y)")
    if key.hashes and "sha256" not in key.hashes:
        yield found("dkim-sha1", name, f"the key at {name} permits {', '.join(sorted(key.hashes))} only")


def _bits(kind: str, key: str) -> int:
    if not key:
        return 0
    try:
        octets = base64.b64decode(key, validate=True)
    except binascii.Error as error:
        raise Malformed("p= isn't base64") from error
    if kind == "ed25519":
        if len(octets) != 32:
            raise Malformed(f"p= has {len(octets)} octets, an Ed25519 key has 32")
        return 256
    if kind != "rsa":
        raise Malformed(f"k={kind} is neither rsa nor ed25519")
    return _modulus(octets).bit_length()


def _modulus(octets: bytes) -> int:
    """Of an RSA key, written as a SubjectPublicKeyInfo, as everybody does, or as RFC 6376's RSAPublicKey."""
    (_, content), *more = _elements(octets)
    inner = _elements(content)
    if not more and len(inner) == 2 and (inner[0][0], inner[1][0]) == (_SEQUENCE, _BITS):
        if not inner[0][1].startswith(_RSA):
            raise Malformed("p= isn't an RSA key")
        inner = _elements(_elements(inner[1][1][1:])[0][1])  # a first octet tells of unused bits, and there are none
    if [tag for tag, _ in inner] != [_INTEGER, _INTEGER]:
        raise Malformed(_NO_KEY)
    return int.from_bytes(inner[0][1], "big")


def _elements(octets: bytes) -> list[tuple[int, bytes]]:
    """The tags and contents of DER elements that stand in a row, at least one."""
    found, at = list[tuple[int, bytes]](), 0
    while at < len(octets) or not found:
        head = octets[at : at + 2]
        if len(head) < 2:
            raise Malformed(_NO_KEY)
        many = head[1] - 0x80 if head[1] > 0x80 else 0
        start = at + 2 + many
        size = int.from_bytes(octets[at + 2 : start], "big") if many else head[1]
        at = start + size
        if at > len(octets) or head[1] == 0x80:
            raise Malformed(_NO_KEY)
        found.append((head[0], octets[start:at]))
    return found
