"""What the operator's own MTA logs of our mail holds the ramp back with the next look; who can't read it is told."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from warmup.model import Message, Scope, Stage

from .test_aftermath import again, swallowed
from .world import MONDAY, World

RATE = "421-4.7.28 Gmail has detected an unusual rate of email 421 4.7.28 rate limited"


def settings(log: Path) -> str:
    return f'[mta]\nlog = "{log}"\n'


def logged(log: Path, message: Message, recipient: str, status: str) -> None:
    """As Postfix writes it."""
    at = "Mar  3 09:00:00 mail"
    with log.open("a") as lines:
        lines.write(f"{at} postfix/cleanup[7]: 4ABC{message.id:03d}: message-id={message.message_id}\n")
        lines.write(
            f"{at} postfix/smtp[8]: 4ABC{message.id:03d}: to=<{recipient}>, relay=mx.test[192.0.2.1]:25, delay=1,"
            f" delays=0/0/1/0, dsn=4.7.28, status={status}\n"
        )


def said(words: str) -> str:
    return f"(host mx.test[192.0.2.1] said: {words} (in reply to RCPT TO command))"


async def test_a_deferral_in_the_log_holds_the_lane_and_its_repetition_is_no_news(tmp_path: Path) -> None:
    log = tmp_path / "mail.log"
    log.touch()
    async with World(tmp_path, settings=settings(log)) as world:
        await world.live(MONDAY + timedelta(days=2))
        message = await swallowed(world)
        recipient = next(mailbox for mailbox in world.pool.values() if mailbox.id == message.recipient)
        logged(log, message, recipient.address, f"deferred {said(RATE)}")
        before = len(world.pauses)
        await world.live(world.clock.now() + timedelta(minutes=30))
        (pause,) = world.pauses[before:]
        assert (pause.scope, pause.mailbox, pause.provider) == (Scope.LANE, message.sender, recipient.provider)
        assert pause.age_lost
        assert pause.response is not None
        assert (pause.response.stage, pause.response.code, pause.response.enhanced) == (Stage.DSN, 421, "4.7.28")
        assert again(world, message).state == "delayed"
        logged(log, message, recipient.address, f"deferred {said(RATE + ' once more')}")
        await world.live(world.clock.now() + timedelta(minutes=30))
        assert world.pauses[before:] == [pause]
        world.check_laws()


async def test_the_mtas_own_trouble_and_greylisting_hold_nothing(tmp_path: Path) -> None:
    log = tmp_path / "mail.log"
    log.touch()
    async with World(tmp_path, settings=settings(log)) as world:
        await world.live(MONDAY + timedelta(hours=1))
        for status in ("(connect to mx.test[192.0.2.1]:25: Connection refused)", said("450 4.2.0 Greylisted")):
            message = await swallowed(world)
            recipient = next(address for address, mailbox in world.pool.items() if mailbox.id == message.recipient)
            logged(log, message, recipient, f"deferred {status}")
            await world.live(world.clock.now() + timedelta(minutes=30))
            assert again(world, message).state == "delayed"
        assert not world.pauses


async def test_what_was_written_while_the_daemon_was_down_is_read_at_its_next_start(tmp_path: Path) -> None:
    log = tmp_path / "mail.log"
    log.write_text("Mar  2 09:00:00 mail postfix/master[1]: daemon started\n")
    async with World(tmp_path, settings=settings(log)) as world:
        message = await swallowed(world)
        recipient = next(address for address, mailbox in world.pool.items() if mailbox.id == message.recipient)
        logged(log, message, recipient, f"bounced {said('552 5.3.4 Message too big')}")
        (tmp_path / "mail.log.1").write_bytes(log.read_bytes())
        log.rename(tmp_path / "mail.log.1")
        log.write_text("Mar  4 00:00:00 mail postfix/anvil[2]: statistics\n")
        await world.live(world.clock.now() + timedelta(minutes=30))
        assert again(world, message).state == "bounced"
        assert not world.pauses


async def test_a_log_that_is_not_there_is_told_of_once_and_the_daemon_goes_on(tmp_path: Path) -> None:
    log = tmp_path / "mail.log"
    async with World(tmp_path, settings=settings(log)) as world:
        await world.live(MONDAY + timedelta(days=1))
        (told,) = world.events("deaf")
        assert str(log) in str(told.fields["why"])
        assert world.servers.ledger.accepted
        log.touch()
        await world.live(MONDAY + timedelta(days=2))
        assert len(world.events("deaf")) == 1
