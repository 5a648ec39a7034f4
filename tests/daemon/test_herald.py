"""The operator is told of what holds and that it is over, of what goes wrong, and of the week."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest

from tests.notify.listener import Listener, listening
from tests.notify.test_ways import secret
from warmup import smtp
from warmup.daemon import postbox
from warmup.daemon.herald import Herald
from warmup.daemon.office import Office
from warmup.daemon.planner import plan_new_days
from warmup.daemon.run import opened
from warmup.model import Cause, Endpoint, Pause, Placement, Response, Scope, Stage
from warmup.notify import Channel, Kind
from warmup.plan import local_date
from warmup.sandbox import Fault
from warmup.sandbox.faults import Manner
from warmup.smtp import Session
from warmup.store import budgets, pauses

from .fortune import Fortune
from .world import World

HOUR = timedelta(hours=1)


@pytest.fixture
def listener() -> Iterator[Listener]:
    with listening() as ready:
        yield ready


@pytest.fixture
def fortune(tmp_path: Path, listener: Listener) -> Fortune:
    secret(tmp_path / "hook.url", listener.url)
    return Fortune(tmp_path, '[notify.to.ops]\nkind = "webhook"\nurl_file = "hook.url"\n')


@contextmanager
def office(fortune: Fortune) -> Iterator[Office]:
    with opened(fortune.life.config, fortune.life.clock, fortune.life.facts.append, {}) as ready:
        yield ready


def texts(listener: Listener) -> list[tuple[str, str]]:
    return [(told["event"], told["text"]) for told in (json.loads(body) for _, _, body in listener.heard)]


def hold(fortune: Fortune, until: timedelta | None, cause: Cause = Cause.VERDICT) -> Pause:
    now = fortune.life.clock.now()
    end = now + until if until else None
    return Pause(scope=Scope.MAILBOX, mailbox=fortune.ann.id, cause=cause, since=now, until=end, rule="r", note="slow")


async def test_a_hold_is_told_and_so_is_that_it_is_over(fortune: Fortune, listener: Listener) -> None:
    with office(fortune) as desk:
        desk.store.run(pauses.open_, hold(fortune, HOUR))
        fortune.pass_(timedelta(minutes=1))
        herald = Herald(desk)
        await herald.tick()  # what held before it began is known
        fortune.pass_(2 * HOUR)
        await herald.tick()
        desk.store.run(pauses.open_, hold(fortune, HOUR))
        for _ in range(2):
            await herald.tick()
        fortune.pass_(2 * HOUR)
        await herald.tick()
        desk.store.run(pauses.open_, hold(fortune, None))
        await herald.tick()
        desk.store.run(pauses.open_, replace(hold(fortune, HOUR, Cause.FAILURE), mailbox=fortune.ben.id))
        await herald.tick()
        await herald.idle()
    told = [(event, text) for event, text in texts(listener) if event != "weekly"]
    assert told == [
        ("recovery", "ann@north.test: no longer held (was by rule 'r')"),
        ("pause", "ann@north.test: held by rule 'r' until 2026-03-02 13:01Z: slow"),
        ("recovery", "ann@north.test: no longer held (was by rule 'r')"),
        ("disabled", "ann@north.test: held by rule 'r' until a person ends it: slow"),
    ]


async def test_what_the_log_hears_is_told_once(fortune: Fortune, listener: Listener) -> None:
    with office(fortune) as desk:
        herald = Herald(desk)
        desk.log.also(herald.hear)
        for _ in range(3):
            desk.log.stalled("the disk is full")
            fortune.pass_(timedelta(minutes=1))
        desk.log.resumed(fortune.life.clock.now())
        desk.log.stalled("again")
        await herald.idle()
    said = [text for _, text in texts(listener)]
    assert [text.partition(":")[0].partition(";")[0] for text in said] == [
        "the daemon stands still",
        "the daemon goes on",
        "the daemon stands still",
    ]
    assert [fact.fields["channel"] for fact in fortune.life.facts if fact.event == "told"] == ["ops"] * 3


async def test_what_fails_is_tried_again_and_given_up_in_the_end(fortune: Fortune, listener: Listener) -> None:
    with office(fortune) as desk:
        herald = Herald(desk, waits=(0.0, 0.0))
        desk.log.also(herald.hear)
        listener.answers = [500, 503, 200, 500, 500, 500, 404]
        for why in ("one", "two", "three"):
            desk.log.bug(why, ValueError(why))
        await herald.idle()
    assert len(listener.heard) == 7
    ends = [(fact.event, fact.fields.get("why")) for fact in fortune.life.facts if fact.event in {"told", "untold"}]
    assert ends == [("told", None), ("untold", "127.0.0.1 answered 500"), ("untold", "127.0.0.1 answered 404")]
    assert not any("s3cret" in str(fact.fields) for fact in fortune.life.facts)


async def test_the_week_is_told_on_its_day_once(fortune: Fortune, listener: Listener) -> None:
    fortune.arrives(20, Placement.INBOX, fortune.ben)
    with office(fortune) as desk:
        herald = Herald(desk)
        for _ in range(7 * 24):
            await herald.tick()
            await herald.idle()
            fortune.pass_(HOUR)
    weeks = [json.loads(body) for _, _, body in listener.heard]
    assert [week["event"] for week in weeks] == ["weekly", "weekly"]
    assert [week["at"][:13] for week in weeks] == ["2026-03-02T10", "2026-03-09T08"]
    assert weeks[0]["text"].startswith("the week: 3 mailboxes: 20 of 1000 sent today; in 7 days 100 % of 20")
    ann = "ann@north.test: day 10 of 9, at the top, 100 % of 20 (84-100 %) in the inbox, health 100"
    assert weeks[0]["more"].splitlines()[0] == ann


async def test_mail_goes_to_a_mailbox_of_the_pool_and_counts_against_the_day(tmp_path: Path) -> None:
    settings = '[notify.to.me]\nkind = "mail"\nfrom = "ann@north.test"\nto = "BEN@east.test"\n'
    async with World(tmp_path, settings=settings) as world:
        world.clock.jump(world.clock.now() + 10 * HOUR)
        with opened(world.config, world.clock, world.facts.append, {}) as desk:
            desk.store.run(plan_new_days, desk.config, world.clock.now(), "seed")
            ann = world.pool["ann@north.test"]
            today = local_date(world.clock.now(), ann.zone)
            before = desk.store.run(budgets.get, ann.id, today).left
            herald = Herald(desk)
            desk.log.also(herald.hear)
            desk.log.deaf("gone\nBcc: all@example.org")
            await herald.idle()
            assert desk.store.run(budgets.get, ann.id, today).left == before - 1
        assert [fact.event for fact in world.events("told", "untold")] == ["told"]
        box = world.servers._post.box("ben@east.test")
        assert box is not None
        (mail,) = box["INBOX"].mails.values()
        message = message_from_bytes(mail.raw)
        assert message["Subject"] == "warmup: the MTA's log can't be read: gone Bcc: all@example.org"
        assert (message["To"], message["Auto-Submitted"], message["Bcc"]) == ("ben@east.test", "auto-generated", None)


async def test_mail_to_anybody_else_is_never_sent(tmp_path: Path) -> None:
    async with World(tmp_path) as world:
        stranger = Channel(
            name="me", kind="mail", events=frozenset(Kind), sender="ann@north.test", recipient="ceo@example.org"
        )
        world.config = replace(world.config, notify=replace(world.config.notify, channels=(stranger,)))
        with opened(world.config, world.clock, world.facts.append, {}) as desk:
            herald = Herald(desk, waits=())
            desk.log.also(herald.hear)
            desk.log.deaf("gone")
            await herald.idle()
        (untold,) = world.events("untold")
        assert "ceo@example.org" in str(untold.fields["why"])
        assert not world.servers.ledger.accepted


async def test_mail_waits_while_its_sender_is_held_and_takes_nothing_of_its_day(tmp_path: Path) -> None:
    settings = '[notify.to.me]\nkind = "mail"\nfrom = "ann@north.test"\nto = "ben@east.test"\n'
    async with World(tmp_path, settings=settings) as world:
        world.clock.jump(world.clock.now() + 10 * HOUR)
        with opened(world.config, world.clock, world.facts.append, {}) as desk:
            now, ann = world.clock.now(), world.pool["ann@north.test"]
            desk.store.run(plan_new_days, desk.config, now, "seed")
            before = desk.store.run(budgets.get, ann.id, local_date(now, ann.zone)).left
            host = Pause(
                scope=Scope.HOST,
                mailbox=None,
                host=ann.smtp.name,
                cause=Cause.FAILURE,
                since=now,
                until=now + HOUR,
            )
            desk.store.run(pauses.open_, host)
            herald = Herald(desk, waits=())
            desk.log.also(herald.hear)
            desk.log.deaf("gone")
            await herald.idle()
            assert desk.store.run(budgets.get, ann.id, local_date(now, ann.zone)).left == before
        (untold,) = world.events("untold")
        assert untold.fields["why"] == "ann@north.test is held itself"
        assert not world.servers.ledger.accepted


REFUSED = {
    "a 421 holds": Fault(Stage.MAIL, say="421 4.7.0 Try again later, you are sending too fast"),
    "a lost 250 is the end": Fault(Stage.DOT, manner=Manner.LOST),
    "a broken wire holds": Fault(Stage.RCPT, manner=Manner.DROP),
    "a refusal for good is the end": Fault(Stage.RCPT, say="550 5.1.1 User unknown"),
}


@pytest.mark.parametrize("fault", REFUSED.values(), ids=REFUSED)
async def test_no_server_hears_of_a_mail_again_that_it_refused_or_may_have(
    tmp_path: Path, fault: Fault, monkeypatch: pytest.MonkeyPatch
) -> None:
    dialled = []

    async def dial(by: Endpoint, *rest: Any, **how: Any) -> Session | Response:
        dialled.append(by)
        return await smtp.dial(by, *rest, **how)

    monkeypatch.setattr(postbox, "dial", dial)
    settings = '[notify.to.me]\nkind = "mail"\nfrom = "ann@north.test"\nto = "ben@east.test"\n'
    async with World(tmp_path, settings=settings, faults=[fault]) as world:
        world.clock.jump(world.clock.now() + 10 * HOUR)
        with opened(world.config, world.clock, world.facts.append, {}) as desk:
            now, ann = world.clock.now(), world.pool["ann@north.test"]
            desk.store.run(plan_new_days, desk.config, now, "seed")
            before = desk.store.run(budgets.get, ann.id, local_date(now, ann.zone)).left
            herald = Herald(desk, waits=(0.0, 0.0, 0.0))
            desk.log.also(herald.hear)
            desk.log.deaf("gone")
            await herald.idle()
            left = desk.store.run(budgets.get, ann.id, local_date(now, ann.zone)).left
            held = desk.store.run(pauses.active, now)
        assert [fact.event for fact in world.events("told", "untold")] == ["untold"]
        assert len(dialled) == 1
        lost = fault.manner is Manner.LOST
        assert left == before - lost
        assert bool(held) is not lost
