"""What opens a mailbox: its password, or an access token in its place.

A token that a server refuses is renewed and shown once more, once: a server may know sooner than we that it has ended,
as after a change of password. What is refused then is judged like a password.

Owns: which of the two, that second try, and the command that a person is to run. Does not own: renewing
(`warmup.oauth`), signing in (`warmup.smtp`, `warmup.imap`), the hold that follows a refusal (`warmup.daemon.hold`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TypeVar

from warmup.config import Config
from warmup.errors import ConfigError, SignInError
from warmup.model import Action, Bearer, Mailbox, Response
from warmup.oauth import Denied, NoConsent, Tokens
from warmup.secrets import Vault
from warmup.throttle import judge

from .trust import trusted

Signed = TypeVar("Signed")


class Keys:
    """Of every mailbox. `config` gives the configuration in force, `now` is the clock."""

    def __init__(self, vault: Vault, config: Callable[[], Config], now: Callable[[], datetime]) -> None:
        self._vault = vault
        self._config = config
        self._tokens = Tokens(vault, now)

    async def turn(
        self, mailbox: Mailbox, dial: Callable[[str | Bearer], Awaitable[Signed | Response]]
    ) -> Signed | Response:
        """What comes of dialling with what opens the mailbox. Raises as `key` does, and what `dial` raises."""
        key = await self.key(mailbox)
        said = await dial(key)
        if isinstance(key, Bearer) and isinstance(said, Response) and self._hopeless(mailbox, said):
            said = await dial(await self.key(mailbox, refused=key))
        return said

    async def key(self, mailbox: Mailbox, *, refused: Bearer | None = None) -> str | Bearer:
        """Its password, or a fresh token that isn't the `refused` one.

        Raises `SecretError`, `SignInError` or `ConfigError` when a person is needed, saying what is to be done;
        `TokenLost` when the authorization server can't be asked.
        """
        if mailbox.oauth is None:
            return self._vault.get(mailbox.credential)
        config = self._config()
        try:
            client = config.client(mailbox.oauth)
            return await self._tokens.bearer(mailbox.credential, client, trusted(config), refused=refused)
        except ConfigError as trouble:
            told = f"{mailbox.address}: {trouble}; then run: warmup mailbox resume {mailbox.address}"
            raise ConfigError(told) from None
        except (Denied, NoConsent) as trouble:
            joins = f"add {mailbox.address} --oauth {mailbox.oauth}"  # who has no number yet isn't registered
            command = f"authorize {mailbox.address}" if mailbox.id else joins
            raise SignInError(f"{mailbox.address}: {trouble}; run: warmup mailbox {command}") from None

    def _hopeless(self, mailbox: Mailbox, said: Response) -> bool:
        """Whether waiting wouldn't help."""
        config = self._config()
        verdict = judge(said, provider=mailbox.provider, waits=config.waits, rules=config.rules)
        return verdict.action in {Action.DISABLE, Action.FIX_CONFIG}
