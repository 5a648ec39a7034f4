"""Finding the servers of a mailbox by its address alone.

`discover` asks, in this order and until somebody knows: the list of known providers (by the domain, then by its MX),
the domain's SRV records, its autoconfig files and Mozilla's, and at last whether a server stands at a usual name in the
domain. No password is needed for any of it and none is sent.

What is found may be a lie of whoever answers: DNS isn't signed for most domains. So hosts outside the mailbox's own
domain are `Found.strangers` unless they come from the list of known providers, and a person confirms them before a
password goes there; servers without TLS are refused wherever they aren't this machine.

Owns: where is asked, in which order, and what is refused. Does not own: signing in (`warmup.daemon.proof`), asking a
person (`warmup.cli`), DNS itself (`warmup.dns.lookup`), the list of providers (`warmup.config.directory`).
Sources: RFC 6186 (SRV records; §6: confirmation), RFC 8314 §5.1 (_submissions), RFC 2782 (SRV), RFC 7505 (null MX);
https://www.bucksch.org/1/projects/thunderbird/autoconfiguration/ (autoconfig).
"""

from .found import ADDRESS, LOCAL, Found, Origin, Report, Step
from .search import Instruments, discover
from .web import Web

__all__ = ["ADDRESS", "LOCAL", "Found", "Instruments", "Origin", "Report", "Step", "Web", "discover"]
