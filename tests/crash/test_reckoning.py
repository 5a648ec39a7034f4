"""Each violation, planted into what the two sides say, is found; and what is right isn't one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from warmup.model import Day, Endpoint, Mailbox, Message, Placement, Response, Security, Stage
from warmup.sandbox import Accepted, Change

from .reckoning import Law, Memory, compare, gone, settled

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
TODAY = date(2026, 3, 2)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
OK = Response(Stage.DOT, 250, "2.0.0", "Ok")
AT = NOON + 9 * DAY


def mailbox(number: int, address: str) -> Mailbox:
    server = Endpoint("127.0.0.1", 25, Security.PLAIN)
    return Mailbox(
        id=number,
        address=address,
        name=address,
        zone="Europe/Berlin",
        provider="one.test",
        login=address,
        credential=address,
        smtp=server,
        imap=server,
        added_at=NOON,
    )


ANN, BOB = POOL = (mailbox(1, "ann@one.test"), mailbox(2, "bob@two.test"))
PLANNED = Message(
    id=1,
    message_id="<1@one.test>",
    sender=ANN.id,
    recipient=BOB.id,
    local_date=TODAY,
    due_at=NOON,
    thread="t",
    scenario="s",
    turn=1,
    parent=None,
    answer_wanted=False,
)
CLAIMED = replace(PLANNED, claimed_at=NOON, claimed_by="node:1", attempts=1)
DATA = replace(CLAIMED, data_at=NOON, visit_at=AT + MINUTE)
SENT = replace(DATA, sent_at=NOON, response=OK)
FOUND = replace(SENT, found_at=NOON, placement=Placement.INBOX, folder="INBOX")
FILED = replace(FOUND, rescued_at=NOON, opened_at=NOON, filed_at=NOON + DAY, visit_at=None)
ALLOWED = Day(
    mailbox=ANN.id, local_date=TODAY, age=0, curve="c", volume=1, allowance=1, planned_at=NOON - timedelta(hours=9)
)
ACCEPTED = Accepted(
    at=NOON, sender=ANN.address, recipient=BOB.address, message_id=PLANNED.message_id, folder="INBOX", size=1
)


def change(event: str, folder: str = "INBOX") -> Change:
    return Change(at=NOON, event=event, account=BOB.address, message_id=PLANNED.message_id, folder=folder)


READ = (change("moved", "Junk"), change("seen"), change("moved"))


def found(
    *messages: Message,
    accepted: Sequence[Accepted] = (ACCEPTED,),
    changes: Sequence[Change] = READ,
    days: Sequence[Day] = (ALLOWED,),
    heard: Mapping[tuple[int, date], int] | None = None,
) -> list[tuple[Law, str]]:
    told = {(ANN.id, TODAY): len(messages)} if heard is None else heard
    memory = Memory(pool=POOL, days=days, messages=messages, heard=told, at=AT)
    return [(violation.law, violation.why) for violation in compare(accepted, changes, memory)]


@pytest.mark.parametrize("message", [FILED, FOUND, SENT, DATA], ids=["filed", "found", "sent", "uncertain"])
def test_what_a_server_accepted_and_the_store_knows_of_is_right(message: Message) -> None:
    assert found(message) == []


@pytest.mark.parametrize(
    "message",
    [
        replace(DATA, visit_at=None, missing_at=NOON + DAY),
        replace(CLAIMED, refused_at=NOON, response=Response(Stage.RCPT, 550, "5.1.1", "no such user")),
        replace(PLANNED, dropped_at=NOON, reason="missed"),
    ],
    ids=["missing", "refused", "dropped"],
)
def test_what_no_server_accepted_and_came_to_an_end_is_right(message: Message) -> None:
    assert found(message, accepted=()) == []


def test_what_is_planned_for_a_day_that_lasts_is_right() -> None:
    assert found(replace(PLANNED, local_date=AT.date()), accepted=(), days=(), heard={}) == []


@pytest.mark.parametrize(
    ("message", "why"),
    [
        (replace(CLAIMED, dropped_at=NOON, reason="missed"), "accepted it, and the store says dropped"),
        (replace(CLAIMED, refused_at=NOON, response=OK), "accepted it, and the store says refused"),
        (replace(DATA, missing_at=NOON, visit_at=None), "accepted it, and the store says missing"),
        (replace(PLANNED, dropped_at=NOON, reason="missed"), "accepted it, and the store says dropped"),
    ],
)
def test_what_a_server_accepted_and_the_store_denies_is_lost(message: Message, why: str) -> None:
    ((law, said),) = found(message)
    assert law is Law.LOST
    assert why in said


def test_what_a_server_accepted_and_the_store_never_heard_of_is_lost() -> None:
    assert (Law.LOST, "a server accepted it, and the store doesn't know of it") in found()


@pytest.mark.parametrize(
    ("message", "why"),
    [
        (SENT, "the store says sent, and no server has it"),
        (PLANNED, "due, and its day went by without a word"),
        (CLAIMED, "claimed, and in nobody's hand"),
        (replace(PLANNED, dropped_at=NOON), "dropped without a reason"),
        (replace(CLAIMED, refused_at=NOON), "refused, and nothing is known of by which words"),
        (replace(DATA, visit_at=None), "uncertain, and nobody will ever look for it"),
        (replace(DATA, visit_at=AT), "uncertain, and nobody looked when it was time"),
    ],
)
def test_what_came_to_no_end_is_lost(message: Message, why: str) -> None:
    assert found(message, accepted=()) == [(Law.LOST, why)]


def test_what_was_sent_and_will_never_be_looked_for_is_lost() -> None:
    assert found(replace(SENT, visit_at=None)) == [(Law.LOST, "sent, and nobody will ever look for it")]


def test_what_is_said_to_be_read_filed_or_kept_and_no_server_noticed_is_lost() -> None:
    said = found(replace(FILED, kept_at=NOON), changes=())
    assert [(law, why.partition(",")[0]) for law, why in said] == [
        (Law.LOST, "the store says opened"),
        (Law.LOST, "the store says filed"),
        (Law.LOST, "the store says rescued"),
        (Law.LOST, "the store says kept in Sent"),
    ]


def test_what_was_rescued_and_the_store_calls_left_in_junk_is_lost() -> None:
    assert found(replace(FILED, rescued_at=None)) == [(Law.LOST, "rescued from Junk, and the store doesn't know of it")]


def test_a_day_without_the_slots_it_was_planned_with_is_lost() -> None:
    told: dict[str, Any] = {"accepted": (), "changes": ()}
    over = replace(PLANNED, dropped_at=NOON, reason="missed")
    key = (ANN.id, TODAY)
    assert found(over, heard={key: 2}, **told) == [(Law.LOST, "planned with 2 slots, and 1 are there")]
    assert found(heard={key: 1}, days=(), **told) == [(Law.LOST, "planned with 1 slots, and 0 are there")]
    assert found(heard={}, **told) == [(Law.LOST, "planned for 1, and no slot is there")]
    assert found(over, heard={}, **told) == []


def test_what_is_accepted_twice_is_doubled_and_above() -> None:
    laws = [law for law, _ in found(FILED, accepted=(ACCEPTED, ACCEPTED))]
    assert laws == [Law.DOUBLED, Law.ABOVE]


def test_what_is_filed_or_kept_twice_is_doubled() -> None:
    twice = (*READ, change("moved"), change("appended", "Sent"), change("appended", "Sent"))
    assert found(FILED, changes=twice) == [(Law.DOUBLED, "filed 2 times"), (Law.DOUBLED, "kept in Sent 2 times")]


def test_the_day_is_that_of_the_server_in_the_zone_of_the_sender() -> None:
    last = replace(ACCEPTED, at=datetime(2026, 3, 2, 22, 59, tzinfo=UTC))
    assert found(FILED, accepted=(last,)) == []
    late = replace(ACCEPTED, at=datetime(2026, 3, 2, 23, 0, tzinfo=UTC))
    ((law, why),) = found(FILED, accepted=(late,))
    assert (law, why) == (Law.ABOVE, "the 1 accepted on this day are more than the 0 allowed; here <1@one.test>")


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        (replace(ACCEPTED, recipient="eve@else.test"), "not both are in the pool"),
        (replace(ACCEPTED, sender=BOB.address, recipient=ANN.address), "was planned otherwise"),
    ],
)
def test_what_went_elsewhere_is_outside(entry: Accepted, why: str) -> None:
    said = found(FILED, accepted=(entry,), days=(ALLOWED, replace(ALLOWED, mailbox=BOB.id, allowance=0)))
    assert any(law is Law.OUTSIDE and why in words for law, words in said)


def test_an_uncertain_message_is_settled_or_gone_by_its_stamps() -> None:
    assert settled(replace(FOUND, response=None))
    assert not settled(FOUND)
    assert gone(replace(DATA, missing_at=NOON))
    assert not gone(DATA)
