"""The exceptions of `warmup`: one class for each thing a caller does differently.

Owns: the types. Does not own: wording for a terminal (`warmup.cli`) or what to do next (the catcher).

Two families, and nothing else is ever raised on purpose:

* `OperatorError`: something a person can mend. The CLI prints it as one line and exits with `exit_code`.
* `WireError`: a connection that broke or was never made. A server's answer is *not* here: it is a value (`Response`),
  except where an action on a mailbox ends with it (`AccessRefused`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .model import Stage


class OperatorError(Exception):
    """What happened, to which mailbox or file, and what to do: one line, no traceback. Exit code 1."""

    exit_code = 1


class UsageError(OperatorError):
    """The command was asked for something that makes no sense. Exit code 2, as Click uses."""

    exit_code = 2


class ConfigError(OperatorError):
    """A configuration, data or template file is wrong; the text names file, line and key. Exit code 78 (EX_CONFIG)."""

    exit_code = 78


class StoreError(OperatorError):
    """The database can't be used: newer than the program, locked, unreachable. Exit code 74 (EX_IOERR)."""

    exit_code = 74


class StoreDown(StoreError):
    """The database can't be used for now: locked, its disk full, its server gone. Waiting may help, a daemon waits."""


class StoreTaken(StoreError):
    """Another daemon is at work on the database. Who stands by waits for its end."""


class SignInError(OperatorError):
    """A server refused the credential, or couldn't be reached to check it. Exit code 77 (EX_NOPERM)."""

    exit_code = 77


class SecretError(OperatorError):
    """A credential is missing, unreadable, or readable by others. Exit code 77 (EX_NOPERM)."""

    exit_code = 77


class WireError(Exception):
    """A connection broke, timed out or was never made: our trouble or the network's, never a provider's throttling.

    `stage` is where it happened, `why` one line for the log. Never carries a secret.
    """

    def __init__(self, stage: Stage, why: str) -> None:
        super().__init__(f"{stage}: {why}")
        self.stage = stage
        self.why = why


class NotSent(WireError):
    """Broken before the final dot went out: the server can't have accepted the message."""


class Unbound(NotSent):
    """Our own address couldn't be taken, so nobody was dialled: no host is to blame."""


class Uncertain(WireError):
    """Broken after the final dot began to go out: accepted or not, nobody can say (RFC 1047). Never resend."""


class AccessLost(WireError):
    """The IMAP connection broke, timed out or was closed by the server. What was asked may or may not have happened."""


class TokenLost(WireError):
    """No access token could be had, since the authorization server couldn't be reached or is in trouble."""


class AccessRefused(WireError):
    """The IMAP server said no, in the words of `why`, or what was to be acted on isn't there any more; the connection
    is still good, and nothing but that one thing failed.
    """
