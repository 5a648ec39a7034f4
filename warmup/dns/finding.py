"""What a check found: one thing each, with how bad it is, why it matters for warm-up and how to mend it.

Owns: the words that are the same for every domain. Does not own: finding out (the checks), showing (`warmup.cli`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum


class Level(IntEnum):
    """How bad it is. Only an error holds a ramp, where the operator wants that."""

    OK = 0
    NOTE = 1  # to be known; nothing is wrong
    WARNING = 2
    ERROR = 3

    def __str__(self) -> str:
        return self.name.lower()


CHECKS = ("mx", "spf", "dkim", "dmarc", "rdns", "blocklist", "server", "clock", "age", "seen")

_AUTHENTICATED = "Google, Yahoo and Microsoft refuse or file as junk what neither SPF nor DKIM vouches for."
_PERMANENT = "A record that can't be evaluated counts as no pass (permerror, RFC 7208 section 2.6.7)."
_ANSWERS = "Warm-up mail is answered, and a sender that can't be written to looks like a spammer's."
_KEY = "Without a key the signature can't be checked and counts as none."
_REVERSE = "Gmail and others refuse mail from an address without a name that leads back to it."
_REPORTS = "Reports tell who sends in your name and what fails, before a provider acts on it."
_PUBLISH_SPF = "`warmup dns spf DOMAIN` prints the record to publish."
_PUBLISH_DMARC = "`warmup dns dmarc DOMAIN` prints the record to publish."
_SHORTEN = "Take out includes of services that no longer send for you; `warmup dns spf DOMAIN` counts them."

# By code, whose first word is the check: level, why it matters, how to mend it.
_CATALOGUE: dict[str, tuple[Level, str, str]] = {
    "mx-ok": (Level.OK, "", ""),
    "mx-missing": (Level.ERROR, _ANSWERS, "Publish an MX record with the name of the server that takes your mail."),
    "mx-implicit": (
        Level.WARNING,
        "Mail goes to the domain's own address (RFC 5321 section 5.1), and many filters distrust that.",
        "Publish an MX record with the name of the server that takes your mail.",
    ),
    "mx-null": (
        Level.ERROR,
        f'A null MX says "this domain takes no mail" (RFC 7505). {_ANSWERS}',
        "Replace it by the name of the server that takes your mail.",
    ),
    "mx-literal": (
        Level.ERROR,
        f"An MX record has a name, never an address (RFC 5321 section 5.1). {_ANSWERS}",
        "Give the server a name with an A record, and put that into the MX record.",
    ),
    "mx-unresolved": (Level.ERROR, _ANSWERS, "Publish an A or AAAA record for that name, or take the MX record out."),
    "mx-alias": (
        Level.WARNING,
        "An MX record mustn't point to an alias (RFC 2181 section 10.3); some servers don't deliver then.",
        "Put the name that the CNAME leads to into the MX record.",
    ),
    "spf-ok": (Level.OK, "", ""),
    "spf-missing": (Level.ERROR, _AUTHENTICATED, _PUBLISH_SPF),
    "spf-several": (
        Level.ERROR,
        f"A domain has one record or none counts (RFC 7208 section 4.5). {_AUTHENTICATED}",
        f"Make one of them: {_PUBLISH_SPF}",
    ),
    "spf-syntax": (Level.ERROR, _PERMANENT, "Correct that term; RFC 7208 section 5 has the mechanisms."),
    "spf-loop": (Level.ERROR, _PERMANENT, "Take out the include or redirect that leads back."),
    "spf-target": (Level.ERROR, _PERMANENT, "Take it out, or correct the name."),
    "spf-lookups": (Level.ERROR, f"Ten are permitted (RFC 7208 section 4.6.4). {_PERMANENT}", _SHORTEN),
    "spf-near": (
        Level.NOTE,
        "Ten are permitted; an included service that adds one breaks your record.",
        _SHORTEN,
    ),
    "spf-voids": (
        Level.WARNING,
        "Names without an answer are permitted twice (RFC 7208 section 4.6.4); many receivers count strictly.",
        "Take out or correct the terms that lead nowhere.",
    ),
    "spf-all": (
        Level.ERROR,
        "+all lets everybody send in your name; filters count it against you.",
        "End the record in ~all or -all.",
    ),
    "spf-open": (
        Level.WARNING,
        "A record that doesn't say what others may not do protects nothing, and DMARC gets no fail from it.",
        "End the record in ~all or -all.",
    ),
    "spf-ptr": (
        Level.WARNING,
        "The ptr mechanism is slow and not to be published (RFC 7208 section 5.5); some receivers ignore it.",
        "Replace it by ip4:, ip6:, a or include: terms.",
    ),
    "spf-long": (
        Level.WARNING,
        "A record longer than 450 octets may not fit into an answer over UDP (RFC 7208 section 3.4).",
        _SHORTEN,
    ),
    "dkim-ok": (Level.OK, "", ""),
    "dkim-unknown": (
        Level.NOTE,
        "The key's name (selector) shows in mail that was received, and there is none yet.",
        "Look again after the first messages, or name it: --selector NAME.",
    ),
    "dkim-unsigned": (
        Level.ERROR,
        _AUTHENTICATED,
        "Switch on DKIM for the domain where its mail is sent: `warmup dns dkim DOMAIN` says where.",
    ),
    "dkim-missing": (Level.ERROR, _KEY, "Publish the key: `warmup dns dkim DOMAIN` says where it is to be got from."),
    "dkim-several": (Level.ERROR, "Which one counts is undefined (RFC 6376 section 3.6.2.2).", "Leave one of them."),
    "dkim-syntax": (Level.ERROR, _KEY, "Copy the key once more, whole: `warmup dns dkim DOMAIN --key FILE` checks it."),
    "dkim-revoked": (
        Level.ERROR,
        f"An empty p= says that the key is withdrawn (RFC 6376 section 3.6.1). {_KEY}",
        "Publish the key again, or have mail signed with another selector.",
    ),
    "dkim-weak": (
        Level.ERROR,
        "Keys of less than 1024 bits don't count (RFC 8301 section 3.2).",
        "Make a key of 2048 bits, publish it under a new selector, and sign with that.",
    ),
    "dkim-short": (Level.NOTE, "1024 bits are enough for every receiver; 2048 are advised (RFC 8301).", ""),
    "dkim-testing": (
        Level.WARNING,
        "t=y says that the key is only tried; some receivers treat the mail as unsigned (RFC 6376 section 3.6.1).",
        "Take t=y out of the record.",
    ),
    "dkim-sha1": (Level.ERROR, "Signatures with SHA-1 don't count (RFC 8301 section 3.1).", "Take h=sha1 out."),
    "dmarc-ok": (Level.OK, "", ""),
    "dmarc-missing": (
        Level.WARNING,
        "Google, Yahoo and Microsoft demand DMARC from who sends much, and trust who has it.",
        _PUBLISH_DMARC,
    ),
    "dmarc-several": (
        Level.ERROR,
        "Of several none counts (RFC 7489 section 6.6.3).",
        f"Make one of them: {_PUBLISH_DMARC}",
    ),
    "dmarc-syntax": (Level.ERROR, "A record that can't be read counts as none.", _PUBLISH_DMARC),
    "dmarc-none": (
        Level.NOTE,
        "p=none only watches. That is right for a new domain.",
        "Once reports show that all your mail passes: p=quarantine, later p=reject.",
    ),
    "dmarc-partial": (
        Level.NOTE,
        "The policy holds for a part of the mail only.",
        "Take pct out once reports are clean.",
    ),
    "dmarc-blind": (Level.NOTE, _REPORTS, "Add rua=mailto:ADDRESS."),
    "dmarc-rua": (Level.WARNING, f"It can't be reported to. {_REPORTS}", "Write rua=mailto:ADDRESS."),
    "dmarc-external": (
        Level.WARNING,
        f"Another domain must say that it takes your reports (RFC 7489 section 7.1). {_REPORTS}",
        'Have its owner publish that record with "v=DMARC1", or take an address of your own domain.',
    ),
    "rdns-ok": (Level.OK, "", ""),
    "rdns-missing": (Level.ERROR, _REVERSE, "Have whoever gave you the address publish a PTR record for it."),
    "rdns-unconfirmed": (
        Level.ERROR,
        _REVERSE,
        "Publish an A or AAAA record for that name with this address, or correct the PTR record.",
    ),
    "blocklist-ok": (Level.OK, "", ""),
    "blocklist-listed": (
        Level.ERROR,
        "Receivers that ask this list refuse the mail or file it as junk; more mail makes it worse.",
        "Find out what was sent and stop it, then ask to be taken off.",
    ),
    "blocklist-refused": (
        Level.NOTE,
        "The list doesn't answer this name server, so nobody knows whether anything is listed.",
        "Ask through a name server of your own rather than a public one, or take the list out of doctor.blocklists.",
    ),
    "server-ok": (Level.OK, "", ""),
    "server-unreached": (
        Level.WARNING,
        "What can't be reached from here can't be used from here.",
        "Look at the name, the port and the firewall: `warmup mailbox set`.",
    ),
    "server-certificate": (
        Level.ERROR,
        "Nothing is sent or read over a connection whose other end can't be proven.",
        "Have the server's owner install a valid certificate for that name, with its chain.",
    ),
    "server-expiring": (
        Level.WARNING,
        "After that nothing is sent or read.",
        "Have the certificate renewed.",
    ),
    "server-starttls": (
        Level.ERROR,
        "A password never goes in the clear.",
        "Use the port with TLS from the start, or have STARTTLS switched on.",
    ),
    "server-mx-starttls": (
        Level.WARNING,
        "Mail to you goes in the clear, and Gmail shows senders a red padlock.",
        "Have STARTTLS switched on at the MX.",
    ),
    "server-small": (
        Level.NOTE,
        "Larger messages are refused. Warm-up mail has a few kilobytes.",
        "",
    ),
    "clock-ok": (Level.OK, "", ""),
    "clock-wrong": (
        Level.WARNING,
        "A Date in the future or long past is a sign of spam, and signatures and tokens expire by the clock.",
        "Have this machine's clock set from the net: timedatectl set-ntp true.",
    ),
    "age-ok": (Level.OK, "", ""),
    "age-young": (
        Level.WARNING,
        "A domain that is only weeks old is distrusted whatever it sends.",
        "Wait, or begin with a slower curve: `warmup curve list`.",
    ),
    "age-unknown": (Level.NOTE, "The registry tells no date.", ""),
    "seen-ok": (Level.OK, "", ""),
    "seen-spf": (Level.ERROR, f"So a receiver saw it in a message of yours. {_AUTHENTICATED}", _PUBLISH_SPF),
    "seen-dkim": (
        Level.ERROR,
        f"So a receiver saw it in a message of yours. {_AUTHENTICATED}",
        "Compare the key with what is published (`warmup dns dkim DOMAIN`); something on the way may change messages.",
    ),
    "seen-dmarc": (
        Level.ERROR,
        "Neither SPF nor DKIM passed for the domain in From, so the policy holds against your own mail.",
        "Sign with the domain of the address (d=), or send with it in MAIL FROM.",
    ),
    "seen-unread": (
        Level.NOTE,
        "What receivers saw can only be read where the message lies.",
        "`warmup check --sign-in` tells more.",
    ),
    "seen-nothing": (Level.NOTE, "That receiver tells nothing about SPF, DKIM and DMARC.", ""),
}
_FAILED = (
    Level.NOTE,
    "The name server gave no answer, so nothing is known. No ramp is held for that.",
    "Look again later; if it goes on, have the domain's name servers looked at.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """`what` was found, about what is in `code`; `of` is the domain, address or server it was found at."""

    code: str
    of: str
    what: str
    level: Level
    why: str
    fix: str

    @property
    def check(self) -> str:
        return self.code.partition("-")[0]

    @property
    def unknown(self) -> bool:
        """Whether the check couldn't be made to its end, so that all that is said is nothing."""
        return self.code.endswith(("-failed", "-unknown"))


def found(code: str, of: str, what: str, *, fix: str = "") -> Finding:
    """A finding of the catalogue; `fix` says more than that does."""
    level, why, usual = _FAILED if code.endswith("-failed") else _CATALOGUE[code]
    return Finding(code=code, of=of, what=what, level=level, why=why, fix=" ".join(filter(None, (usual, fix))))


def worst(findings: Iterable[Finding]) -> Level:
    return max((finding.level for finding in findings), default=Level.OK)
