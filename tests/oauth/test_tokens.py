"""Access tokens: fresh, renewed once for all who ask, and what gets the next one is never lost."""

from __future__ import annotations

import asyncio
import json
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest

from warmup.errors import SecretError, TokenLost
from warmup.model import Bearer
from warmup.oauth import Denied, Tokens, packed

from .provider import Provider

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
ANN = "ann@local.test"


@dataclass
class Desk:
    """A vault that can be full, a clock that is set, and tokens between them and the provider."""

    provider: Provider
    now: datetime = NOON
    kept: dict[str, str] = field(default_factory=dict)
    full: bool = False
    meanwhile: Callable[[], None] | None = None  # what happens once something has been read
    tokens: Tokens = field(init=False)

    def __post_init__(self) -> None:
        self.provider.clock = lambda: self.now
        self.restart()

    def restart(self) -> None:
        """The process ends, and another begins: what is on the disk is all there is."""
        self.tokens = Tokens(self, lambda: self.now)

    def get(self, name: str) -> str:
        secret = self.kept[name]
        if self.meanwhile is not None:
            happens, self.meanwhile = self.meanwhile, None
            happens()
        return secret

    def put(self, name: str, secret: str) -> None:
        if self.full:
            raise SecretError(f"the credential {name!r} can't be written: No space left on device")
        self.kept[name] = secret

    def consents(self, user: str = ANN) -> None:
        self.kept[user] = packed(self.provider.consents(user))

    async def bearer(self, user: str = ANN, *, refused: Bearer | None = None) -> Bearer:
        return await self.tokens.bearer(user, self.provider.client, self.provider.trusting, refused=refused)

    @property
    def asked(self) -> int:
        return self.provider.asked["refresh_token"]


def _refresh(desk: Desk) -> str:
    return str(json.loads(desk.kept[ANN])["refresh_token"])


def _replaced(desk: Desk) -> str:
    """What another process is given for the same."""
    client = {"client_id": desk.provider.id, "client_secret": desk.provider.secret}
    form = {"grant_type": "refresh_token", "refresh_token": _refresh(desk)} | client
    return str(desk.provider.token(form)["refresh_token"])


@pytest.fixture
def desk(provider: Provider) -> Desk:
    desk = Desk(provider)
    desk.consents()
    return desk


async def test_a_token_is_got_once_and_used_until_some_minutes_before_its_end(desk: Desk) -> None:
    first = await desk.bearer()
    assert desk.provider.owner(first.token) == ANN
    desk.now = NOON + timedelta(minutes=54, seconds=59)
    assert await desk.bearer() == first
    desk.now = NOON + timedelta(minutes=55)
    second = await desk.bearer()
    assert second != first
    assert desk.provider.owner(second.token) == ANN
    assert desk.asked == 2


async def test_a_token_that_lasts_for_minutes_only_is_used_for_half_of_them(desk: Desk) -> None:
    desk.provider.lasts = timedelta(minutes=4)
    first = await desk.bearer()
    desk.now = NOON + timedelta(minutes=1, seconds=59)
    assert await desk.bearer() == first
    desk.now = NOON + timedelta(minutes=2)
    assert await desk.bearer() != first


async def test_fifty_mailboxes_that_need_one_at_once_for_smtp_and_imap_make_one_refresh_each(desk: Desk) -> None:
    users = [f"box{number}@local.test" for number in range(50)]
    for user in users:
        desk.consents(user)
    desk.provider.gate.clear()
    waiting = [asyncio.ensure_future(desk.bearer(user)) for user in users * 2]
    assert await asyncio.to_thread(desk.provider.reached.wait, 10)
    desk.provider.gate.set()
    bearers = await asyncio.gather(*waiting)
    assert bearers[:50] == bearers[50:]
    assert [desk.provider.owner(bearer.token) for bearer in bearers] == users * 2
    assert desk.provider.asked_for == dict.fromkeys(users, 1)
    desk.now = NOON + timedelta(minutes=56)
    await asyncio.gather(*(desk.bearer(user) for user in users * 2))
    assert desk.provider.asked_for == dict.fromkeys(users, 2)


async def test_who_gives_up_waiting_leaves_the_renewal_to_the_next(desk: Desk) -> None:
    desk.provider.gate.clear()
    impatient = asyncio.ensure_future(desk.bearer())
    assert await asyncio.to_thread(desk.provider.reached.wait, 10)
    impatient.cancel()
    patient = asyncio.ensure_future(desk.bearer())
    await asyncio.sleep(0)
    desk.provider.gate.set()
    assert desk.provider.owner((await patient).token) == ANN
    assert desk.asked == 1


async def test_what_a_server_replaces_is_kept_and_a_restart_goes_on_with_it(desk: Desk) -> None:
    desk.provider.rotates = True
    before = desk.kept[ANN]
    for _ in range(3):
        desk.restart()
        assert desk.provider.owner((await desk.bearer()).token) == ANN
        assert desk.kept[ANN] != before
        before = desk.kept[ANN]


async def test_a_full_disk_loses_no_consent(desk: Desk) -> None:
    desk.provider.rotates = True
    before, desk.full = desk.kept[ANN], True
    for _ in range(2):
        with pytest.raises(SecretError, match="No space left"):
            await desk.bearer()
        assert desk.kept[ANN] == before
    desk.full = False
    assert desk.provider.owner((await desk.bearer()).token) == ANN
    desk.restart()
    assert desk.provider.owner((await desk.bearer()).token) == ANN


async def test_what_was_given_anew_meanwhile_wins_over_what_could_not_be_kept(desk: Desk) -> None:
    desk.provider.rotates = desk.full = True
    with pytest.raises(SecretError):
        await desk.bearer()
    desk.full = False
    desk.provider.revoke(ANN)
    desk.consents()
    assert desk.provider.owner((await desk.bearer()).token) == ANN


async def test_consent_that_was_taken_back_is_not_asked_for_again_and_again(desk: Desk) -> None:
    desk.provider.revoke(ANN)
    for _ in range(20):
        with pytest.raises(Denied, match=r"local refuses: invalid_grant .*the consent has expired or was taken back"):
            await desk.bearer()
    assert desk.asked == 1
    desk.now = NOON + timedelta(hours=1)
    with pytest.raises(Denied):
        await desk.bearer()
    assert desk.asked == 2


async def test_consent_that_was_given_anew_is_used_at_once(desk: Desk) -> None:
    desk.provider.revoke(ANN)
    with pytest.raises(Denied):
        await desk.bearer()
    desk.consents()
    assert desk.provider.owner((await desk.bearer()).token) == ANN


async def test_a_client_that_was_mended_is_used_at_once(desk: Desk) -> None:
    wrong = replace(desk.provider.client, secret="wrong")
    for _ in range(3):
        with pytest.raises(Denied, match="invalid_client"):
            await desk.tokens.bearer(ANN, wrong, desk.provider.trusting)
    assert desk.asked == 1
    assert desk.provider.owner((await desk.bearer()).token) == ANN


async def test_what_another_process_renewed_meanwhile_is_used(desk: Desk) -> None:
    """It shows what we have just read, and the server replaces that."""
    desk.provider.rotates = True
    desk.meanwhile = lambda: desk.put(ANN, packed(_replaced(desk)))
    assert desk.provider.owner((await desk.bearer()).token) == ANN
    assert desk.asked == 3


async def test_a_token_that_a_server_refused_is_renewed_once_for_all_who_were_refused(desk: Desk) -> None:
    first = await desk.bearer()
    desk.provider.end(ANN)
    second, third = await asyncio.gather(desk.bearer(refused=first), desk.bearer(refused=first))
    assert second == third != first
    assert desk.asked == 2
    assert await desk.bearer(refused=first) == second


@pytest.mark.parametrize("trouble", ["down", "garbled"])
async def test_trouble_of_the_server_s_is_none_of_the_consent_s(desk: Desk, trouble: str) -> None:
    setattr(desk.provider, trouble, True)
    for _ in range(2):
        with pytest.raises(TokenLost):
            await desk.bearer()
    setattr(desk.provider, trouble, False)
    assert desk.provider.owner((await desk.bearer()).token) == ANN


@pytest.mark.parametrize(
    ("lasts", "minutes"),
    [
        (7200, 115),
        ("7200", 115),
        (1e400, 5),
        (1e300, 5),
        (-1, 5),
        (None, 5),
        ([], 5),
        ("soon", 5),
        (10**8, 24 * 60 - 5),
    ],
)
async def test_a_time_that_makes_no_sense_is_taken_for_a_short_one(desk: Desk, lasts: object, minutes: int) -> None:
    desk.provider.odd = {"expires_in": lasts, "scope": 5, "refresh_token": None}
    first = await desk.bearer()
    desk.now = NOON + timedelta(minutes=minutes, seconds=-1)
    assert await desk.bearer() == first
    desk.now = NOON + timedelta(minutes=minutes)
    assert await desk.bearer() != first


@pytest.mark.parametrize(
    "odd", [{"access_token": 5}, {"access_token": "a\1b"}, {"access_token": "ä"}, {"access_token": ""}]
)
async def test_what_is_no_token_is_trouble_of_the_server_s(desk: Desk, odd: dict[str, object]) -> None:
    desk.provider.odd = odd
    with pytest.raises(TokenLost):
        await desk.bearer()


@pytest.mark.parametrize("secret", ["a password", "17", "[]", '{"refresh_token": 5}', "{}"])
async def test_a_password_is_no_consent_and_is_not_told(desk: Desk, secret: str) -> None:
    desk.kept[ANN] = secret
    with pytest.raises(SecretError, match=r"^the credential 'ann@local\.test' is no consent$") as error:
        await desk.bearer()
    assert error.value.__cause__ is None
    assert error.value.__suppress_context__ or error.value.__context__ is None
    assert desk.asked == 0


async def test_no_trace_tells_a_token(desk: Desk) -> None:
    refresh = _refresh(desk)
    desk.provider.revoke(ANN)
    with pytest.raises(Denied) as denied:
        await desk.bearer()
    with pytest.raises(Denied) as again:
        await desk.bearer()
    desk.consents()
    desk.provider.down = True
    with pytest.raises(TokenLost) as lost:
        await desk.bearer()
    for told in (denied, again, lost):
        trace = traceback.TracebackException.from_exception(told.value, capture_locals=False)
        assert refresh not in "".join(trace.format())
    desk.provider.down = False
    bearer = await desk.bearer()
    assert bearer.token not in repr(bearer)
    assert bearer.token not in repr(vars(desk.tokens))
