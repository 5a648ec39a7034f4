"""Submission: handing one message at a time to the server of its sender's mailbox.

`dial` gives a `Session`, signed in; `Session.envelope` and `Session.data` send a message; `Session.close` says goodbye.
What a server says is a `Response`, refusals included; a wire that breaks is `NotSent` before the final dot goes out and
`Uncertain` after it.

Owns: the client's side of SMTP, its deadlines and its TLS. Does not own: what an answer means (`warmup.throttle`),
when to send (`warmup.daemon`), the message (`warmup.content`).
Sources: RFC 5321, RFC 6409 (submission), RFC 8314 (TLS).
"""

from .session import Session, Timeouts, dial

__all__ = ["Session", "Timeouts", "dial"]
