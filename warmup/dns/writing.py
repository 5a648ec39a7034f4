"""Records to publish: SPF, DMARC and DKIM, made of what is needed and what stands there already.

Owns: merging, what is to be changed and why. Does not own: looking up what stands (`warmup.dns.senders`,
`warmup.dns.policy`), who sends for whom (`data/senders.toml`).
Sources: RFC 7208 §3.1-§3.4 (one record, strings joined), §5.1 (all comes last), §6.1 (redirect); RFC 7489 §6.3 and
§7.1; RFC 6376 §3.6.2.1 (SELECTOR._domainkey.DOMAIN).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from . import dmarc, spf
from .dkim import parse as parse_key
from .spf import Record, Term
from .tags import Malformed, tags
from .trace import kin

_STRING = 250  # octets of a string; 255 are permitted (RFC 1035 §3.3)
_POSITION = ("v", "p", "sp", "adkim", "aspf", "pct", "rua", "ruf")
_PEM = re.compile(r"-----BEGIN ([A-Z ]+)-----(.+?)-----END \1-----", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A TXT record to publish at `name`, and what has to be done to what stands there."""

    name: str
    value: str
    standing: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()

    @property
    def done(self) -> bool:
        """Whether it stands there already, and nothing else."""
        return not self.changes

    def __str__(self) -> str:
        """As a zone file has it."""
        strings = (self.value[at : at + _STRING] for at in range(0, len(self.value), _STRING))
        quoted = " ".join('"' + string.replace("\\", "\\\\").replace('"', '\\"') + '"' for string in strings)
        return f"{self.name}. TXT {quoted}"


def spf_record(domain: str, standing: Sequence[str], needed: Iterable[str]) -> Draft:
    """`standing` are the SPF records that are there, `needed` the terms that have to be in it. Raises `Malformed` of a
    needed one.
    """
    wanted = spf.parse(" ".join(["v=spf1", *needed])).terms
    changes: list[str] = []
    old = list(_readable(standing, changes))
    terms = [term for record in old for term in record.used if term.name != "all"]
    redirects = [record.redirect for record in old if record.redirect and record.all is None]
    # A redirect counts only where no `all` stands, and what comes before it is asked first: with more than one thing to
    # say it has to be an include.
    terms += [Term("+", "include", target) for target in redirects]
    kept = [term for term in dict.fromkeys(terms) if not _better_without(term, changes)]
    known = {str(term).lower() for term in kept}
    new = [term for term in dict.fromkeys(wanted) if str(term).lower() not in known]
    changes += [f"add {term}" for term in new]
    end = _end(old, changes)
    if changes:
        changes += [f"write include:{target} in place of redirect={target}" for target in redirects]
    others = tuple({word.partition("=")[0].lower(): word for record in old for word in record.others}.values())
    return _draft(domain, str(Record((*kept, *new, end), None, others)), standing, changes)


def _readable(standing: Sequence[str], changes: list[str]) -> Iterable[Record]:
    """Those that can be read; of the others the terms that can."""
    if len(standing) > 1:
        changes.append(f"make one record of {len(standing)}: take the others away")
    for text in standing:
        try:
            yield spf.parse(text)
        except Malformed:
            yield from _salvaged(text, changes)


def _salvaged(text: str, changes: list[str]) -> Iterable[Record]:
    words = list[str]()
    for word in text.split(" ")[1:]:
        try:
            spf.parse(" ".join(["v=spf1", *words, word]))
        except Malformed as error:
            changes.append(f"take out {word}: {error}")
        else:
            words.append(word)
    yield spf.parse(" ".join(["v=spf1", *words]))


def _better_without(term: Term, changes: list[str]) -> bool:
    if term.name == "ptr":
        changes.append(f"take out {term}: receivers ignore it (RFC 7208 section 5.5)")
    return term.name == "ptr"


def _end(old: Sequence[Record], changes: list[str]) -> Term:
    """`all` as strict as it stands, and at least ~all."""
    ends = [record.all for record in old if record.all is not None]
    strict = [end for end in ends if end.qualifier in "~-"]
    if strict:
        return strict[0]
    end = Term("~", "all")
    redirected = any(record.redirect for record in old)
    if old and not redirected:
        changes.append("end in ~all" + (f" in place of {ends[0]}" if ends else ""))
    return end


def _draft(name: str, value: str, standing: Sequence[str], changes: Sequence[str]) -> Draft:
    if not standing:
        return Draft(name=name, value=value, changes=("publish it: there is none yet",))
    return Draft(name=name, value=value if changes else standing[0], standing=tuple(standing), changes=tuple(changes))


def dmarc_record(domain: str, standing: Sequence[str], policy: str | None, reports: str | None) -> list[Draft]:
    """The record, and where reports go to another domain the one that has to be published there."""
    changes: list[str] = []
    old = _tags(standing, changes)
    new = {"v": "DMARC1", "p": policy or old.get("p", "none"), **{k: v for k, v in old.items() if k not in {"v", "p"}}}
    if reports is not None:
        uris = [uri.strip() for uri in old.get("rua", "").split(",") if dmarc.reported_to(uri.strip())]
        new["rua"] = ",".join(dict.fromkeys([*uris, f"mailto:{reports}"]))
    if old:
        changes += [
            f"write {tag}={value}" for tag, value in new.items() if old.get(tag, value if tag == "v" else "") != value
        ]
    ordered = sorted(new.items(), key=lambda pair: _POSITION.index(pair[0]) if pair[0] in _POSITION else len(_POSITION))
    drafts = [_draft(f"_dmarc.{domain}", "; ".join(f"{tag}={value}" for tag, value in ordered), standing, changes)]
    for target in filter(None, map(dmarc.reported_to, new.get("rua", "").split(","))):
        if kin(target) != kin(domain):
            at = f"{domain}._report._dmarc.{target}"
            drafts.append(
                Draft(name=at, value="v=DMARC1", changes=(f"{target} has to say that it takes your reports",))
            )
    return drafts


def _tags(standing: Sequence[str], changes: list[str]) -> dict[str, str]:
    """Of the one record that can be read."""
    if len(standing) > 1:
        changes.append(f"make one record of {len(standing)}: take the others away")
    for text in standing:
        try:
            dmarc.parse(text)
        except Malformed as error:
            changes.append(f"replace {text!r}: {error}")
        else:
            return tags(text)
    return {}


def dkim_record(domain: str, selector: str, key: str, standing: Sequence[str]) -> Draft:
    """Of a public key: PEM, base64, or a whole record. Raises `Malformed`."""
    found = _PEM.search(key)
    if found and "PUBLIC" not in found[1]:
        raise Malformed("this is a private key, which stays on the server that signs; give the public one")
    text = "".join((found[2] if found else key).split())
    kind = "ed25519" if len(text) == 44 else "rsa"  # 32 octets
    value = " ".join(key.split()) if "p=" in key and not found else f"v=DKIM1; k={kind}; p={text}"
    parse_key(value)
    name = f"{selector}._domainkey.{domain}"
    same = len(standing) == 1 and _same_key(standing[0], value)
    changes = (
        () if same else ("publish it in place of what stands there" if standing else "publish it: there is none yet",)
    )
    return Draft(name=name, value=value, standing=tuple(standing), changes=changes)


def _same_key(one: str, other: str) -> bool:
    try:
        return "".join(tags(one).get("p", "").split()) == "".join(tags(other).get("p", "").split())
    except Malformed:
        return False
