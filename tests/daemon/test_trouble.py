"""What the servers can do to a message, and what becomes of it: each by the server's own count."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from warmup.model import Cause, Pause, Scope, Stage
from warmup.sandbox import Fault, Manner
from warmup.store import days, mailboxes, pauses

from .world import MONDAY, PROVIDERS, THROTTLED, World

TUESDAY = MONDAY + timedelta(days=1)
WEDNESDAY = MONDAY + timedelta(days=2)
ANN = "ann@north.test"
BEN = "ben@east.test"


async def test_a_421_at_rcpt_holds_its_lane_and_no_other_and_sets_the_ramp_back(tmp_path: Path) -> None:
    storm = Fault(Stage.RCPT, say=THROTTLED, sender=ANN, recipient="*@east.test", since=TUESDAY)
    async with World(tmp_path, faults=[storm]) as world:
        await world.live(WEDNESDAY)
        (first, *_) = world.pauses
        assert (first.scope, first.provider, first.cause) == (Scope.LANE, "east.test", Cause.VERDICT)
        assert first.response is not None
        assert (first.response.stage, first.response.code, first.response.enhanced) == (Stage.RCPT, 421, "4.7.28")
        assert first.age_lost >= 1
        # Every strike is a pause, and in a pause nothing is tried: as many refusals as pauses.
        assert world.servers.faults.struck[storm] == len(world.pauses)
        assert [pause.strikes for pause in world.pauses] == list(range(1, len(world.pauses) + 1))
        others = [m for m in world.messages if m.sent_at and m.sent_at > first.since and m.sender == first.mailbox]
        assert others
        assert BEN not in {
            entry.recipient for entry in world.servers.ledger.accepted if entry.at > TUESDAY and entry.sender == ANN
        }
        world.check_laws()


@pytest.mark.parametrize("stage", [Stage.CONNECT, Stage.EHLO, Stage.AUTH])
async def test_a_421_before_mail_holds_the_whole_mailbox(tmp_path: Path, stage: Stage) -> None:
    storm = Fault(stage, say=THROTTLED, since=TUESDAY, times=1)
    async with World(tmp_path, faults=[storm]) as world:
        await world.live(WEDNESDAY)
        (pause,) = world.pauses
        assert (pause.scope, pause.cause) == (Scope.MAILBOX, Cause.VERDICT)
        assert pause.until is not None
        sent = [m.sent_at for m in world.messages if m.sent_at and m.sender == pause.mailbox and m.sent_at > TUESDAY]
        assert not [at for at in sent if pause.since <= at < pause.until]
        assert [at for at in sent if at >= pause.until]
        world.check_laws()


async def test_a_421_that_is_a_hosts_trouble_holds_nobody_and_sets_no_ramp_back(tmp_path: Path) -> None:
    dead = Fault(Stage.RCPT, say="421 4.4.1 No answer from host", since=TUESDAY, times=3)
    async with World(tmp_path, faults=[dead]) as world:
        await world.live(WEDNESDAY)
        assert world.servers.faults.struck[dead] == 3
        assert not world.pauses
        assert [message for message in world.messages if message.attempts > 1 and message.sent_at]
        world.check_laws()


async def test_a_recipient_that_is_full_is_written_to_by_nobody_until_its_pause_is_over(tmp_path: Path) -> None:
    full = Fault(
        Stage.RCPT,
        say="452 4.2.2 The email account that you tried to reach is over quota",
        recipient=BEN,
        since=TUESDAY,
    )
    async with World(tmp_path, faults=[full]) as world:
        await world.live(MONDAY + timedelta(days=3))
        assert {(pause.scope, pause.recipient) for pause in world.pauses} == {(Scope.RECIPIENT, world.pool[BEN].id)}
        # The first refusal holds all who write to it; what is tried after that is the one message after each pause.
        assert world.servers.faults.struck[full] == len(world.pauses) <= 3
        assert {pause.age_lost for pause in world.pauses} == {0}
        assert [entry for entry in world.servers.ledger.accepted if entry.sender == BEN and entry.at > TUESDAY]
        world.check_laws()


async def test_a_days_quota_that_is_reached_cuts_the_day_to_what_was_accepted(tmp_path: Path) -> None:
    quota = Fault(
        Stage.MAIL, say="550 5.4.5 Daily user sending limit exceeded", sender=ANN, since=TUESDAY + timedelta(hours=10)
    )
    async with World(tmp_path, faults=[quota]) as world:
        await world.live(WEDNESDAY)
        (pause,) = world.pauses
        ann = world.pool[ANN].id
        assert (pause.scope, pause.mailbox) == (Scope.MAILBOX, ann)
        assert pause.until is not None
        assert pause.until - pause.since > timedelta(hours=20)
        day = world.ask(days.get, ann, TUESDAY.date())
        assert day is not None
        sent = [m for m in world.messages if m.sender == ann and m.sent_at and m.local_date == TUESDAY.date()]
        assert day.allowance == len(sent)
        world.check_laws()


async def test_words_about_the_senders_domain_hold_the_lane_of_its_every_mailbox(tmp_path: Path) -> None:
    dkim = Fault(
        Stage.DOT,
        say="421 4.7.28 Gmail has detected an unusual rate of email originating from your DKIM domain [north.test]",
        sender=ANN,
        recipient="*@east.test",
        since=TUESDAY,
        times=1,
    )
    async with World(tmp_path, faults=[dkim]) as world:
        await world.live(WEDNESDAY)
        (pause,) = world.pauses
        assert (pause.scope, pause.domain, pause.provider) == (Scope.DOMAIN, "north.test", "east.test")
        assert pause.until is not None
        held = {
            (mailbox.address, provider)
            for mailbox in world.pool.values()
            for provider in PROVIDERS
            if pause.stops(mailbox, provider)
        }
        assert held == {(ANN, "east.test"), ("dan@north.test", "east.test")}
        went = {
            (entry.sender, entry.recipient.partition("@")[2])
            for entry in world.servers.ledger.accepted
            if pause.since < entry.at < pause.until
        }
        assert went
        assert not went & held
        world.check_laws()


@pytest.mark.parametrize("stage", [Stage.MAIL, Stage.RCPT, Stage.DATA, Stage.DOT])
async def test_what_is_refused_for_now_is_tried_again_and_arrives_once(tmp_path: Path, stage: Stage) -> None:
    greylist = Fault(stage, say="451 4.7.1 come back later", since=TUESDAY, times=3)
    async with World(tmp_path, faults=[greylist]) as world:
        await world.live(WEDNESDAY)
        again = [message for message in world.messages if message.attempts > 1]
        assert 1 <= len(again) <= 3
        assert all(message.sent_at or message.dropped_at for message in again)
        assert [message for message in again if message.sent_at]
        assert not world.pauses
        world.check_laws()


@pytest.mark.parametrize("stage", [Stage.MAIL, Stage.RCPT, Stage.DATA, Stage.DOT])
async def test_what_is_refused_for_good_is_never_tried_again(tmp_path: Path, stage: Stage) -> None:
    refusal = Fault(stage, say="550 5.7.1 no", since=TUESDAY, times=2)
    async with World(tmp_path, faults=[refusal]) as world:
        await world.live(WEDNESDAY)
        refused = [message for message in world.messages if message.refused_at]
        assert len(refused) == 2
        assert {message.attempts for message in refused} == {1}
        assert not world.pauses
        world.check_laws()


async def test_an_answer_that_was_refused_leaves_its_parent_to_be_answered(tmp_path: Path) -> None:
    thursday = WEDNESDAY + timedelta(days=1)
    refusal = Fault(Stage.RCPT, say="550 5.7.1 no", since=WEDNESDAY, until=thursday)
    async with World(tmp_path, faults=[refusal], settings="[replies]\nrate = 0.9\n") as world:
        await world.live(thursday + timedelta(days=1))
        parents = {message.parent for message in world.messages if message.refused_at and message.parent}
        assert parents
        later = {message.parent for message in world.messages if message.sent_at and message.sent_at > thursday}
        assert parents & later
        world.check_laws()


@pytest.mark.parametrize("stage", [Stage.CONNECT, Stage.EHLO, Stage.AUTH, Stage.MAIL, Stage.RCPT, Stage.DATA])
@pytest.mark.parametrize("manner", [Manner.DROP, Manner.GARBAGE])
async def test_a_wire_that_breaks_before_the_dot_is_our_trouble_and_sets_no_ramp_back(
    tmp_path: Path, stage: Stage, manner: Manner
) -> None:
    async with World(tmp_path, faults=[Fault(stage, manner=manner, since=TUESDAY, times=2)]) as world:
        await world.live(WEDNESDAY)
        assert {pause.cause for pause in world.pauses} == {Cause.FAILURE}
        assert {pause.age_lost for pause in world.pauses} == {0}
        assert not [message for message in world.messages if message.uncertain]
        world.check_laws()


async def test_a_message_whose_250_was_lost_is_settled_by_finding_it_and_never_sent_again(tmp_path: Path) -> None:
    lost = Fault(Stage.DOT, manner=Manner.LOST, since=TUESDAY, times=3)
    async with World(tmp_path, faults=[lost]) as world:
        await world.live(WEDNESDAY)
        assert len(world.events("uncertain")) == len(world.events("settled")) == 3
        settled = {fact.fields["id"] for fact in world.events("settled")}
        rows = [message for message in world.messages if message.message_id in settled]
        assert all(message.sent_at and message.found_at and message.attempts == 1 for message in rows)
        world.check_laws()


async def test_a_message_dropped_at_the_dot_is_never_sent_again_and_missing_in_the_end(tmp_path: Path) -> None:
    dropped = Fault(Stage.DOT, manner=Manner.DROP, since=TUESDAY, times=1)
    async with World(tmp_path, faults=[dropped]) as world:
        await world.live(MONDAY + timedelta(days=5))
        (message,) = [message for message in world.messages if message.missing_at]
        assert message.uncertain
        assert message.attempts == 1
        assert message.message_id not in {entry.message_id for entry in world.servers.ledger.accepted}
        world.check_laws()


async def test_a_refused_password_holds_the_mailbox_until_a_person_comes_and_is_tried_once(tmp_path: Path) -> None:
    wrong = Fault(Stage.AUTH, say="535 5.7.8 no", sender=ANN, since=TUESDAY)
    async with World(tmp_path, faults=[wrong]) as world:
        await world.live(MONDAY + timedelta(days=3))
        (pause,) = world.pauses
        assert (pause.scope, pause.until) == (Scope.MAILBOX, None)
        assert world.servers.faults.struck[wrong] == 1
        assert not [e for e in world.servers.ledger.accepted if e.sender == ANN and e.at > TUESDAY]
        world.servers.faults.script.clear()
        world.ask(pauses.lift, world.clock.now(), mailbox=pause.mailbox)
        await world.live(MONDAY + timedelta(days=5))
        assert [e for e in world.servers.ledger.accepted if e.sender == ANN and e.at > TUESDAY]
        world.check_laws()


async def test_a_credential_that_is_gone_holds_its_mailbox_alone(tmp_path: Path) -> None:
    async with World(tmp_path) as world:
        (world.config.credentials / ANN).unlink()
        await world.live(TUESDAY)
        (pause,) = world.pauses
        assert pause.until is None
        assert ANN in pause.note
        senders = {entry.sender for entry in world.servers.ledger.accepted}
        assert ANN not in senders
        assert len(senders) == 3
        world.check_laws()


@pytest.mark.parametrize(
    "fault",
    [
        Fault(Stage.LOGIN, manner=Manner.DROP, since=MONDAY, until=TUESDAY),
        Fault(Stage.LOGIN, say="NO [UNAVAILABLE] try later", since=MONDAY, until=TUESDAY),
        Fault(Stage.LOGIN, say="BYE too many connections", since=MONDAY, until=TUESDAY),
    ],
)
async def test_an_access_server_in_trouble_is_visited_later_and_nothing_is_missing(
    tmp_path: Path, fault: Fault
) -> None:
    async with World(tmp_path, faults=[fault]) as world:
        await world.live(WEDNESDAY)
        assert {(pause.scope, pause.age_lost) for pause in world.pauses} == {(Scope.ACCESS, 0)}
        begun = [pause.since for pause in world.pauses if pause.mailbox == world.pool[ANN].id]
        waits = [later - earlier for earlier, later in pairwise(begun)]
        assert all(later > earlier for earlier, later in pairwise(waits[:5]))
        sent = [m for m in world.messages if m.sent_at and m.sent_at < TUESDAY]
        assert sent
        assert all(m.found_at and m.found_at >= TUESDAY for m in sent)
        world.check_laws()


async def test_what_never_arrives_is_looked_for_after_growing_waits_and_is_missing_in_the_end(tmp_path: Path) -> None:
    async with World(tmp_path) as world:
        lost = await world.on_its_way()
        for account in world.accounts:
            for folder in world.servers.box(account.address).folders.values():
                folder.remove([mail for mail in list(folder.mails.values()) if mail.message_id == lost.message_id])
        await world.live(MONDAY + timedelta(days=5))
        (row,) = [message for message in world.messages if message.missing_at]
        assert row.message_id == lost.message_id
        assert row.visits == len(world.config.reading.looks) + 1
        world.check_laws()


async def test_a_forged_message_with_our_message_id_is_never_touched(tmp_path: Path) -> None:
    async with World(tmp_path) as world:
        victim = await world.on_its_way()
        address = next(m.address for m in world.pool.values() if m.id == victim.recipient)
        inbox = world.servers.box(address)["INBOX"]
        real = next(mail for mail in inbox.mails.values() if mail.message_id == victim.message_id)
        inbox.remove([real])
        label = real.header("X-Warmup").encode()
        assert label
        forged = inbox.add(real.raw.replace(label, b"0" * len(label)), world.clock.now())
        await world.live(MONDAY + timedelta(days=4))
        assert inbox.mails[forged.uid] is forged
        assert not {flag for flag in forged.flags if flag != "\\Recent"}
        assert [message.message_id for message in world.messages if message.missing_at] == [victim.message_id]


async def test_a_removed_mailbox_neither_sends_nor_is_written_to_nor_visited(tmp_path: Path) -> None:
    async with World(tmp_path) as world:
        await world.live(MONDAY + timedelta(hours=12))
        gone = world.clock.now()
        world.ask(mailboxes.remove, world.pool[ANN].id, gone)
        await world.live(WEDNESDAY)
        after = [entry for entry in world.servers.ledger.accepted if entry.at >= gone]
        assert after
        assert ANN not in {entry.sender for entry in after} | {entry.recipient for entry in after}
        assert not [change for change in world.servers.ledger.changes if change.account == ANN and change.at >= gone]
        world.check_laws()


async def test_an_operators_pause_stops_sending_and_does_not_age_the_ramp(tmp_path: Path) -> None:
    async with World(tmp_path) as world:
        await world.live(TUESDAY)
        held = Pause(scope=Scope.MAILBOX, mailbox=world.pool[ANN].id, cause=Cause.OPERATOR, since=world.clock.now())
        world.ask(pauses.open_, held)
        await world.live(MONDAY + timedelta(days=3))
        assert not [e for e in world.servers.ledger.accepted if e.sender == ANN and e.at >= TUESDAY]
        world.ask(pauses.lift, world.clock.now(), mailbox=world.pool[ANN].id)
        await world.live(MONDAY + timedelta(days=4))
        ages = {
            fact.fields["day"]: fact.fields["age"] for fact in world.events("planned") if fact.fields["mailbox"] == ANN
        }
        assert ages[datetime(2026, 3, 5, tzinfo=UTC).date()] == 1
        world.check_laws()


async def test_a_server_that_hangs_costs_its_own_mailbox_time_and_nobody_else(tmp_path: Path) -> None:
    hang = Fault(Stage.MAIL, manner=Manner.HANG, sender=ANN, since=TUESDAY, times=1)
    async with World(tmp_path, faults=[hang]) as world:
        await world.live(WEDNESDAY)
        (pause,) = world.pauses
        assert (pause.cause, pause.mailbox) == (Cause.FAILURE, world.pool[ANN].id)
        assert "no answer" in pause.note
        world.check_laws()
