"""What the world sees of a domain: MX, SPF, DKIM, DMARC, reverse DNS, blocklists, and what receivers said of its mail.

`examine` makes every check and gives `Finding`s, each with what was found, why it matters and how to mend it.
`trace` reads the header of a message of ours as it was received. `drafts` makes records to publish. `Resolver` asks
a name server.

Owns: questions to name servers, the records' grammars, their faults. Does not own: when to look, and what follows from
it (`warmup.daemon.doctor`).
Sources: RFC 7208 (SPF), RFC 6376 (DKIM), RFC 7489 (DMARC), RFC 8601 (Authentication-Results); dnspython, which is
spoken in `warmup.dns.lookup` alone.
"""

from . import drafts
from .age import REGISTRY
from .doors import Door
from .examine import Blocklist, Instruments, Subject, examine
from .finding import CHECKS, Finding, Level, found, worst
from .lookup import Resolver, Unanswered
from .mx import servers as mail_servers
from .questions import Ask, asking
from .seen import Witness
from .tags import Malformed
from .trace import Trace, trace
from .writing import Draft

__all__ = [
    "CHECKS",
    "REGISTRY",
    "Ask",
    "Blocklist",
    "Door",
    "Draft",
    "Finding",
    "Instruments",
    "Level",
    "Malformed",
    "Resolver",
    "Subject",
    "Trace",
    "Unanswered",
    "Witness",
    "asking",
    "drafts",
    "examine",
    "found",
    "mail_servers",
    "trace",
    "worst",
]
