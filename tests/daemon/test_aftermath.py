"""What a sender is told of its mail after a server had accepted it holds its ramp back within one visit."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from warmup.model import Message, Scope, Stage
from warmup.store import bookmarks, days, messages
from warmup.throttle.dsn import Fate

from .world import MONDAY, World

RATE = (
    "421-4.7.28 Gmail has detected an unusual rate of email originating from your IP address. 421 4.7.28 rate limited"
)
GREYLISTED = "450 4.2.0 Greylisted, try again later"
UNKNOWN = "550 5.1.1 The email account that you tried to reach does not exist"
GRACE = timedelta(hours=1)  # within which a mailbox with something on its way is visited


def notice(world: World, message: Message, said: str, fate: Fate = Fate.FAILED, *, about: str | None = None) -> bytes:
    """As Postfix writes it."""
    addresses = {mailbox.id: address for address, mailbox in world.pool.items()}
    sender, recipient = addresses[message.sender], about or addresses[message.recipient]
    lines = f"""\
        From: Mail Delivery System <MAILER-DAEMON@relay.test>
        Return-Path: <>
        To: {sender}
        Subject: Undelivered Mail
        Message-ID: <{message.id}.{fate}@relay.test>
        MIME-Version: 1.0
        Content-Type: multipart/report; report-type=delivery-status; boundary=b

        --b
        Content-Type: text/plain

        This is the mail system at host relay.test.

        --b
        Content-Type: message/delivery-status

        Reporting-MTA: dns; relay.test

        Final-Recipient: rfc822; {recipient}
        Action: {fate}
        Status: {said[4:9] if said[3] == " " else said[4:10]}
        Remote-MTA: dns; mx.{recipient.partition("@")[2]}
        Diagnostic-Code: smtp; {said}

        --b
        Content-Type: text/rfc822-headers

        Message-ID: {message.message_id}
        From: {sender}

        --b--
        """
    return "\r\n".join(line.strip() for line in lines.splitlines()).encode()


async def swallowed(world: World) -> Message:
    """A message that was accepted just now and won't arrive."""
    message = await world.on_its_way()
    address = next(address for address, mailbox in world.pool.items() if mailbox.id == message.recipient)
    for folder in world.servers.box(address).folders.values():
        folder.remove([mail for mail in folder.mails.values() if mail.message_id == message.message_id])
    return message


def tell(world: World, message: Message, raw: bytes) -> None:
    sender = next(address for address, mailbox in world.pool.items() if mailbox.id == message.sender)
    world.servers.box(sender)["INBOX"].add(raw, world.clock.now())


def again(world: World, message: Message) -> Message:
    found = world.ask(messages.called, message.message_id)
    assert found is not None
    return found


async def test_a_throttle_that_is_told_holds_the_lane_within_one_visit_and_sets_the_ramp_back(tmp_path: Path) -> None:
    async with World(tmp_path) as world:
        await world.live(MONDAY + timedelta(days=2))
        message = await swallowed(world)
        raw = notice(world, message, RATE)
        tell(world, message, raw)
        told = world.clock.now()
        await world.live(told + GRACE)
        (pause,) = world.pauses
        recipient = next(mailbox for mailbox in world.pool.values() if mailbox.id == message.recipient)
        assert (pause.scope, pause.mailbox, pause.provider) == (Scope.LANE, message.sender, recipient.provider)
        assert pause.response is not None
        assert (pause.response.stage, pause.response.code, pause.response.enhanced) == (Stage.DSN, 421, "4.7.28")
        assert pause.age_lost
        assert pause.until is not None
        late = again(world, message)
        assert (late.state, late.attempts, late.visit_at, late.ask_at) == ("bounced", 1, None, None)
        await world.live(pause.until)
        lane = [
            other
            for other in world.messages
            if other.sender == message.sender
            and world.pool[_address(world, other.recipient)].provider == pause.provider
        ]
        assert not [other for other in lane if other.sent_at and pause.since < other.sent_at < pause.until]
        inbox = world.servers.box(_address(world, message.sender))["INBOX"]
        (lying,) = [mail for mail in inbox.mails.values() if mail.raw == raw]
        assert not lying.flags
        world.check_laws()


async def test_a_message_that_came_back_is_not_answered_and_nobody_looks_for_it(tmp_path: Path) -> None:
    async with World(tmp_path) as world:
        message = await swallowed(world)
        tell(world, message, notice(world, message, "552 5.3.4 Message too big"))
        await world.live(MONDAY + timedelta(days=3))
        late = again(world, message)
        assert (late.state, late.answered_at, late.found_at) == ("bounced", None, None)
        assert not [one for one in world.messages if one.parent == message.message_id and one.sent_at]
        assert not world.pauses
        world.check_laws()


async def test_a_recipient_that_is_gone_is_written_to_by_nobody(tmp_path: Path) -> None:
    async with World(tmp_path) as world:
        message = await swallowed(world)
        tell(world, message, notice(world, message, UNKNOWN))
        await world.live(MONDAY + timedelta(days=2))
        (pause,) = world.pauses
        assert (pause.scope, pause.recipient, pause.until) == (Scope.RECIPIENT, message.recipient, None)


async def test_a_forward_that_fails_is_not_the_recipients_fault(tmp_path: Path) -> None:
    async with World(tmp_path) as world:
        message = await swallowed(world)
        tell(world, message, notice(world, message, UNKNOWN, about="elsewhere@private.test"))
        await world.live(MONDAY + timedelta(days=2))
        assert again(world, message).state == "bounced"
        assert not world.pauses


async def test_a_delay_slows_the_lane_and_costs_the_ramp_nothing_and_the_message_may_still_come(tmp_path: Path) -> None:
    async with World(tmp_path) as world:
        message = await world.on_its_way()
        inbox = world.servers.box(_address(world, message.recipient))["INBOX"]
        (mail,) = [mail for mail in inbox.mails.values() if mail.message_id == message.message_id]
        inbox.remove([mail])
        tell(world, message, notice(world, message, GREYLISTED, Fate.DELAYED))
        await world.live(world.clock.now() + GRACE)
        (pause,) = world.pauses
        assert (pause.scope, pause.age_lost) == (Scope.LANE, 0)
        assert again(world, message).state == "delayed"
        inbox.add(mail.raw, world.clock.now())
        await world.live(MONDAY + timedelta(days=2))
        assert again(world, message).found_at is not None
        world.check_laws()


async def test_what_is_told_again_or_of_others_in_flight_is_no_further_strike(tmp_path: Path) -> None:
    async with World(tmp_path, size=2) as world:
        first = await swallowed(world)
        second = await swallowed(world)
        while second.sender != first.sender:
            second = await swallowed(world)
        for message in (first, second):
            tell(world, message, notice(world, message, RATE))
        await world.live(world.clock.now() + GRACE)
        (pause,) = world.pauses
        assert (pause.mailbox, pause.strikes) == (first.sender, 1)
        mark = world.ask(bookmarks.get, f"inbox {first.sender}")
        assert mark is not None
        tell(world, first, notice(world, first, RATE))  # the same once more
        await world.live(MONDAY + timedelta(days=3))
        assert world.pauses == [pause]


@pytest.mark.parametrize("inbox", ["the recipient's", "a stranger to the message"])
async def test_only_the_senders_own_inbox_counts(tmp_path: Path, inbox: str) -> None:
    async with World(tmp_path) as world:
        message = await world.on_its_way()
        others = [mailbox for mailbox in world.pool.values() if mailbox.id not in {message.sender, message.recipient}]
        whose = _address(world, message.recipient) if inbox == "the recipient's" else others[0].address
        world.servers.box(whose)["INBOX"].add(notice(world, message, RATE), world.clock.now())
        await world.live(MONDAY + timedelta(days=3))
        assert not world.pauses
        assert again(world, message).found_at is not None


async def test_what_is_told_of_a_message_that_was_found_or_is_not_ours_means_nothing(tmp_path: Path) -> None:
    async with World(tmp_path) as world:
        await world.live(MONDAY + timedelta(days=1))
        found = next(message for message in world.messages if message.found_at)
        tell(world, found, notice(world, found, RATE))
        stranger = notice(world, found, RATE).replace(found.message_id.encode(), b"<their.own@example.org>")
        tell(world, found, stranger)
        await world.live(MONDAY + timedelta(days=3))
        assert not world.pauses
        assert not world.events("bounced", "delayed")


async def test_a_daily_quota_that_is_told_cuts_the_day(tmp_path: Path) -> None:
    async with World(tmp_path) as world:
        await world.live(MONDAY + timedelta(days=2))
        message = await swallowed(world)
        said = "554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException; Failed to process message"
        tell(world, message, notice(world, message, said))
        await world.live(world.clock.now() + GRACE)
        (pause,) = world.pauses
        assert pause.scope is Scope.MAILBOX
        day = world.ask(days.get, message.sender, message.local_date)
        assert day is not None
        assert day.allowance < day.volume
        world.check_laws()


def _address(world: World, number: int) -> str:
    return next(address for address, mailbox in world.pool.items() if mailbox.id == number)
