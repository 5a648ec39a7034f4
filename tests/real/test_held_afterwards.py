"""A real Postfix takes our mail, its next hop says 421 4.7.28, and the ramp holds: within one line of the log, or one
visit to the sender's inbox after the notification came.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path

import pytest

from tests.daemon.world import MONDAY, Life
from tests.need import wait_until
from warmup.model import Endpoint, Scope, Security, Stage
from warmup.store import messages
from warmup.throttle.dsn import bounce

from .ground import GIVEN_UP, WARNED, Ground
from .test_next_hop import SLOW, standing

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("real")]

_SETTINGS = """
[replies]
rate = 0
"""
_HEARD = timedelta(minutes=35)  # a visit to the sender's inbox follows half an hour after it sent


def pool(ground: Ground, folder: Path, *, log: bool = False) -> Life:
    """Ann and Ben at the ground, and Zoe beyond the next hop, after two days of undisturbed sending."""
    settings = _SETTINGS + (f'[mta]\nlog = "{ground.maillog}"\n' if log else "")
    life = Life(folder, settings, authorities=ground.ca_file)
    for account in (*ground.mailboxes, ground.far):
        smtp = Endpoint(ground.host, ground.smtps, Security.TLS)
        life.register(account.address, account.password, smtp, Endpoint(ground.host, ground.imaps, Security.TLS))
    return life


async def check_held(life: Life, ground: Ground, told: Callable[[], int], state: str) -> None:
    """Somebody's mail to Zoe is refused; once the senders were `told` of it, the lane holds, the others go on."""
    zoe = life.pool[ground.far.address]
    with ground.next_hop() as hop:
        await life.live(MONDAY + timedelta(days=1))
        ground.settle()
        before = {message.message_id for message in life.messages if message.sent_at}
        with hop.saying(Stage.RCPT, SLOW):
            while not (sent := [m for m in life.messages if m.sent_at and m.message_id not in before]) or not [
                m for m in sent if m.recipient == zoe.id
            ]:
                await life.live(life.clock.now() + timedelta(minutes=10))
            message = next(m for m in sent if m.recipient == zoe.id)
            refused = sum(m.recipient == zoe.id for m in sent)
            wait_until(lambda: told() >= refused, "the senders were told")
            await life.live(life.clock.now() + _HEARD)
            pause = life.pauses[0]
            assert pause.until is not None
            await life.live(pause.until)
    assert (pause.scope, pause.mailbox, pause.provider) == (Scope.LANE, message.sender, "far.test")
    assert pause.response is not None
    assert (pause.response.stage, pause.response.code, pause.response.enhanced) == (Stage.DSN, 421, "4.7.28")
    assert pause.age_lost
    meanwhile = [m for m in life.messages if m.sent_at and pause.since < m.sent_at < pause.until]
    assert not [m for m in meanwhile if (m.sender, m.recipient) == (message.sender, zoe.id)]
    assert meanwhile
    late = life.ask(messages.called, message.message_id)
    assert late is not None
    assert (late.state, late.attempts) == (state, 1)


async def test_one_line_of_the_log_holds_the_ramp(tmp_path: Path) -> None:
    with standing() as ground:
        life = pool(ground, tmp_path, log=True)
        await check_held(life, ground, lambda: ground.maillog.read_text().count("status=deferred"), "delayed")


@pytest.mark.parametrize(("settings", "state"), [(GIVEN_UP, "bounced"), (WARNED, "delayed")])
async def test_one_visit_after_the_notification_holds_the_ramp(
    tmp_path: Path, settings: Mapping[str, str], state: str
) -> None:
    with standing(settings) as ground:

        def told() -> int:
            """How many notifications have come to who wrote to Zoe."""
            inboxes = (ground.messages(box.address) for box in ground.mailboxes)
            return sum(bounce(mail) is not None for inbox in inboxes for mail in inbox)

        await check_held(pool(ground, tmp_path), ground, told, state)
