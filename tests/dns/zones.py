"""Domains for tests: one that is all right, and as many as there are faults, each with one planted in it."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

_RSA = bytes.fromhex("300d06092a864886f70d0101010500")  # rsaEncryption, RFC 3279 §2.3.1


def key(bits: int) -> str:
    """A public key as p= has it. No private one is kept, and of less than 1024 bits there never was one."""
    if bits >= 1024:
        public = rsa.generate_private_key(public_exponent=65537, key_size=bits).public_key()
        return base64.b64encode(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()
    numbers = _der(2, b"\0" + (1 << (bits - 1) | 1).to_bytes(bits // 8, "big")) + _der(2, b"\1\0\1")
    return base64.b64encode(_der(0x30, _RSA + _der(3, b"\0" + _der(0x30, numbers)))).decode()


def ed25519_key() -> str:
    public = ed25519.Ed25519PrivateKey.generate().public_key()
    return base64.b64encode(public.public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()


def _der(tag: int, content: bytes) -> bytes:
    size = len(content)
    return bytes([tag, size] if size < 128 else [tag, 0x81, size]) + content


def txt(text: str) -> str:
    """A TXT record's data: strings of at most 255 octets."""
    return "TXT " + " ".join(f'"{text[at : at + 250]}"' for at in range(0, len(text), 250))


KEY = key(2048)
GOOD: Mapping[str, str] = {
    "mx": "@ MX 10 mx\nmx A 192.0.2.10",
    "spf": '@ TXT "v=spf1 ip4:192.0.2.10 include:_spf.relay.test -all"',
    "dkim": f"s1._domainkey {txt(f'v=DKIM1; k=rsa; p={KEY}')}",
    "dmarc": '_dmarc TXT "v=DMARC1; p=quarantine; rua=mailto:postmaster@mail.{name}.test"',
    "more": '@ TXT "another-service=1"',
}


@dataclass(frozen=True, slots=True)
class Planted:
    """A domain NAME.test: what differs from the good one, from which address it sends, and which codes are to be found
    besides those that all is well.
    """

    name: str
    codes: frozenset[str]
    changes: Mapping[str, str]
    address: str = "192.0.2.10"

    @property
    def domain(self) -> str:
        return f"{self.name}.test"

    @property
    def zone(self) -> str:
        parts = {**GOOD, **self.changes}
        return "\n".join(parts.values()).replace("{name}", self.name)


def _spf(*records: str) -> dict[str, str]:
    return {"spf": "\n".join(f'@ TXT "{record}"' for record in records)}


def _dmarc(*records: str) -> dict[str, str]:
    return {"dmarc": "\n".join(f'_dmarc TXT "{record}"' for record in records)}


def _dkim(*records: str) -> dict[str, str]:
    return {"dkim": "\n".join(f"s1._domainkey {txt(record)}" for record in records)}


def _plant(name: str, codes: str, changes: Mapping[str, str] | None = None, address: str = "192.0.2.10") -> Planted:
    return Planted(name, frozenset(codes.split()), changes or {}, address)


_RUA = "rua=mailto:d@{name}.test"
ELEVEN = "v=spf1 " + " ".join(f"a:a{number}.relay.test" for number in range(11)) + " -all"
PLANTED: Sequence[Planted] = (
    _plant("healthy", ""),
    _plant("healthy-elsewhere", "", {"mx": "@ MX 0 mx.healthy.test.", **_spf("v=spf1 redirect=_spf.relay.test")}),
    _plant("healthy-ed25519", "", _dkim(f"v=DKIM1; k=ed25519; p={ed25519_key()}")),
    _plant("healthy-ten", "spf-near", _spf("v=spf1 a mx include:eight.relay.test -all")),
    _plant("no-spf", "spf-missing", {"spf": ""}),
    _plant("two-spf", "spf-several", _spf("v=spf1 mx -all", "v=spf1 ip4:192.0.2.10 ~all")),
    _plant("spf-plus-all", "spf-all", _spf("v=spf1 mx +all")),
    _plant("spf-bare-all", "spf-all", _spf("v=spf1 mx all")),
    _plant("spf-question", "spf-open", _spf("v=spf1 mx ?all")),
    _plant("spf-no-all", "spf-open", _spf("v=spf1 mx")),
    _plant("spf-eleven", "spf-lookups", _spf(ELEVEN)),
    _plant("spf-eleven-below", "spf-lookups", _spf("v=spf1 a mx mx:relay.test include:eight.relay.test -all")),
    _plant("spf-loop", "spf-loop", _spf("v=spf1 include:spf-loop.test -all")),
    _plant("spf-loop-below", "spf-loop", _spf("v=spf1 include:round.relay.test -all")),
    _plant("spf-syntax", "spf-syntax", _spf("v=spf1 ip4:192.0.2.300 -all")),
    _plant("spf-typo", "spf-syntax", _spf("v=spf1 inclde:_spf.relay.test -all")),
    _plant("spf-syntax-below", "spf-syntax", _spf("v=spf1 include:wrong.relay.test -all")),
    _plant("spf-include", "spf-target", _spf("v=spf1 include:nothing.relay.test -all")),
    _plant("spf-half", "spf-failed spf-all", _spf("v=spf1 include:a.lame.test mx +all")),
    _plant("spf-voids", "spf-voids", _spf("v=spf1 a:n1.relay.test a:n2.relay.test mx:n3.relay.test -all")),
    _plant("spf-ptr", "spf-ptr", _spf("v=spf1 ptr -all")),
    _plant("no-dmarc", "dmarc-missing", {"dmarc": ""}),
    _plant("two-dmarc", "dmarc-several", _dmarc(f"v=DMARC1; p=none; {_RUA}", f"v=DMARC1; p=reject; {_RUA}")),
    _plant("dmarc-watches", "dmarc-none", _dmarc(f"v=DMARC1; p=none; {_RUA}")),
    _plant("dmarc-policy", "dmarc-syntax", _dmarc(f"v=DMARC1; p=nothing; {_RUA}")),
    _plant("dmarc-no-policy", "dmarc-syntax", _dmarc(f"v=DMARC1; {_RUA}")),
    _plant("dmarc-no-rua", "dmarc-blind", _dmarc("v=DMARC1; p=reject")),
    _plant("dmarc-bad-rua", "dmarc-rua", _dmarc("v=DMARC1; p=reject; rua=d@dmarc-bad-rua.test")),
    _plant("dmarc-external", "dmarc-external", _dmarc("v=DMARC1; p=reject; rua=mailto:d@strangers.test")),
    _plant("dmarc-permitted", "", _dmarc("v=DMARC1; p=reject; rua=mailto:d@relay.test")),
    _plant("no-dkim", "dkim-missing", {"dkim": ""}),
    _plant("dkim-512", "dkim-weak", _dkim(f"v=DKIM1; k=rsa; p={key(512)}")),
    _plant("dkim-1024", "dkim-short", _dkim(f"v=DKIM1; k=rsa; p={key(1024)}")),
    _plant("dkim-revoked", "dkim-revoked", _dkim("v=DKIM1; k=rsa; p=")),
    _plant("dkim-test", "dkim-testing", _dkim(f"v=DKIM1; t=y; p={KEY}")),
    _plant("dkim-sha1", "dkim-sha1", _dkim(f"v=DKIM1; h=sha1; p={KEY}")),
    _plant("dkim-cut", "dkim-syntax", _dkim(f"v=DKIM1; k=rsa; p={KEY[:200]}")),
    _plant("two-dkim", "dkim-several", _dkim(f"v=DKIM1; p={KEY}", f"v=DKIM1; p={KEY[:-8]}AAAAAAAA")),
    _plant("no-mx", "mx-missing", {"mx": ""}),
    _plant("no-mx-but-a", "mx-implicit", {"mx": "@ A 192.0.2.10"}),
    _plant("null-mx", "mx-null", {"mx": "@ MX 0 ."}),
    _plant("mx-nowhere", "mx-unresolved", {"mx": "@ MX 10 nothing"}),
    _plant("mx-literal", "mx-literal", {"mx": "@ MX 10 192.0.2.10."}),
    _plant("mx-cname", "mx-alias", {"mx": "@ MX 10 mail\nmail CNAME mx\nmx A 192.0.2.10"}),
    _plant("no-ptr", "rdns-missing", address="192.0.2.20"),
    _plant("ptr-elsewhere", "rdns-unconfirmed", address="192.0.2.30"),
    _plant("ptr-dangling", "rdns-unconfirmed", address="2001:db8::30"),
    _plant("listed-address", "blocklist-listed", address="192.0.2.40"),
    _plant("listed", "blocklist-listed"),
    _plant("list-refuses", "blocklist-refused", address="192.0.2.50"),
    _plant("list-is-closed", "blocklist-refused", address="192.0.2.60"),
)

_SIX = ".".join("2001:0db8:0000:0000:0000:0000:0000:0030".replace(":", "")[::-1])
_EIGHT = " ".join(f"a:a{number}.relay.test" for number in range(7))
OTHERS: Mapping[str, str | None] = {
    "relay.test": "\n".join(
        [
            "@ MX 10 a0",
            '_spf TXT "v=spf1 ip4:198.51.100.0/24 ip6:2001:db8::/32 ~all"',
            f'eight TXT "v=spf1 {_EIGHT} -all"',
            'round TXT "v=spf1 include:about.relay.test -all"',
            'about TXT "v=spf1 include:round.relay.test -all"',
            'wrong TXT "v=spf1 ip4:2001:db8::1 -all"',
            'dmarc-permitted.test._report._dmarc TXT "v=DMARC1"',
            *(f"a{number} A 198.51.100.{number + 1}" for number in range(11)),
        ]
    ),
    "strangers.test": "",
    "more.test": "ten A 192.0.2.10\nforty A 192.0.2.40\nfifty A 192.0.2.50\nsixty A 192.0.2.60",
    "2.0.192.in-addr.arpa": "\n".join(
        [
            "10 PTR ten.more.test.",
            "30 PTR ten.more.test.",
            "40 PTR other.more.test.\n40 PTR forty.more.test.",
            "50 PTR fifty.more.test.",
            "60 PTR sixty.more.test.",
        ]
    ),
    "8.b.d.0.1.0.0.2.ip6.arpa": f"{_SIX}.ip6.arpa. PTR nothing.more.test.",
    "addresses.bl.test": "\n".join(
        [
            "40.2.0.192 A 127.0.0.2",
            '40.2.0.192 TXT "spam was seen, https://bl.test/192.0.2.40"',
            "50.2.0.192 A 127.255.255.254",
            "60.2.0.192 A 127.0.0.1",
        ]
    ),
    "domains.bl.test": "listed.test A 127.0.1.2",
    "lame.test": None,
}


def all_zones() -> dict[str, str | None]:
    return {planted.domain: planted.zone for planted in PLANTED} | dict(OTHERS)
