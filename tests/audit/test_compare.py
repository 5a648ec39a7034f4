"""What counts as lost, doubled, unknown, above and outside; and what doesn't."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from warmup.address import wire
from warmup.audit import Audit, Copy, Finding, Kind
from warmup.model import Endpoint, Install, Mailbox, Message, Placement, Response, Security, Stage

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=3)
JUST_NOW = NOW - timedelta(hours=1)
DAY = date(2026, 3, 7)
INSTALL = Install("seed", "key")
SERVER = Endpoint("127.0.0.1", 1, Security.PLAIN)


def mailbox(id: int, address: str, removed_at: datetime | None = None) -> Mailbox:
    return Mailbox(
        id=id,
        address=address,
        name=address[:3],
        zone="UTC",
        provider="x.test",
        login=address,
        credential=address,
        smtp=SERVER,
        imap=SERVER,
        added_at=LONG_AGO,
        removed_at=removed_at,
    )


ANN, BOB, CID = (mailbox(id, f"{name}@x.test") for id, name in enumerate(("ann", "bob", "cid"), 1))
UWE = mailbox(4, "uwe@größe.test")
LEFT = mailbox(5, "left@x.test", removed_at=LONG_AGO - timedelta(hours=1))
POOL = [ANN, BOB, CID, UWE, LEFT]


def row(number: int = 1, sender: Mailbox = ANN, recipient: Mailbox = BOB, **stamps: Any) -> Message:
    return Message(
        id=number,
        message_id=f"<{number}@x.test>",
        sender=sender.id,
        recipient=recipient.id,
        local_date=DAY,
        due_at=stamps.pop("due_at", LONG_AGO),
        thread="t",
        scenario="lunch",
        turn=1,
        parent=None,
        answer_wanted=False,
        **stamps,
    )


def sent(number: int = 1, at: datetime = LONG_AGO, **more: Any) -> Message:
    return row(number, **({"claimed_at": at, "data_at": at, "sent_at": at} | more))


def found(number: int = 1, **more: Any) -> Message:
    return sent(number, found_at=LONG_AGO, placement=Placement.INBOX, folder="INBOX", **more)


def copy(number: int = 1, folder: str = "INBOX", uid: int = 7, **more: Any) -> Copy:
    message_id = f"<{number}@x.test>"
    plain: dict[str, Any] = {
        "message_id": message_id,
        "label": INSTALL.token(message_id),
        "written_by": ANN.address,
        "written_to": (BOB.address,),
        "written_on": DAY,
    }
    return Copy(folder=folder, uid=uid, **(plain | more))


def audit() -> Audit:
    return Audit(POOL, INSTALL, now=NOW, since=NOW - timedelta(days=14), patience=timedelta(hours=41))


def judged(copies: Sequence[Copy], rows: Sequence[Message], at: Mailbox = BOB) -> tuple[list[Finding], dict[str, int]]:
    one = audit()
    one.compare(at, copies, rows)
    return one.findings({}), {name: number for name, number in one.counts.items() if number}


def kinds(copies: Sequence[Copy], rows: Sequence[Message], at: Mailbox = BOB) -> list[Kind]:
    return [finding.kind for finding in judged(copies, rows, at)[0]]


def test_what_lies_where_the_store_has_it_is_present() -> None:
    assert judged([copy()], [found()]) == ([], {"present": 1})
    assert judged([copy(folder="Junk")], [sent()]) == ([], {"present": 1})


@pytest.mark.parametrize(
    ("message", "says"),
    [
        (sent(), "the store says sent since 2026-03-07 12:00Z, and it isn't in the mailbox"),
        (row(claimed_at=LONG_AGO, data_at=LONG_AGO), "the store says uncertain since 2026-03-07 12:00Z, and"),
        (row(dropped_at=LONG_AGO), "dropped without a reason"),
        (row(claimed_at=LONG_AGO, refused_at=LONG_AGO), "refused without a reason"),
    ],
)
def test_what_is_nowhere_or_ended_without_a_reason_is_lost(message: Message, says: str) -> None:
    ((finding,), counts) = judged([], [message])
    assert (finding.kind, finding.mailbox, finding.message_id) == (Kind.LOST, BOB.address, "<1@x.test>")
    assert finding.says.startswith(says)
    assert counts == {}


@pytest.mark.parametrize(
    ("message", "count"),
    [
        (found(filed_at=LONG_AGO), {"gone": 1}),  # its owner's right
        (found(), {"gone": 1}),
        (sent(at=JUST_NOW), {"waiting": 1}),
        (row(claimed_at=JUST_NOW, data_at=JUST_NOW), {"waiting": 1}),
        (sent(missing_at=LONG_AGO), {}),
        (row(), {}),
        (row(claimed_at=LONG_AGO), {}),
        (row(dropped_at=LONG_AGO, reason="missed"), {}),
        (row(claimed_at=LONG_AGO, data_at=LONG_AGO, refused_at=LONG_AGO, reason="refused"), {}),
        (row(claimed_at=LONG_AGO, refused_at=LONG_AGO, response=Response(Stage.RCPT, 550, None, "no")), {}),
        (sent(due_at=NOW - timedelta(days=15)), {}),
    ],
)
def test_what_is_nowhere_for_a_reason_is_not_lost(message: Message, count: dict[str, int]) -> None:
    assert judged([], [message]) == ([], count)


@pytest.mark.parametrize(
    ("message", "says"),
    [
        (row(), "the store says planned"),
        (row(claimed_at=JUST_NOW), "the store says claimed"),
        (row(claimed_at=LONG_AGO, data_at=LONG_AGO), "the store says uncertain"),
        (row(dropped_at=LONG_AGO, reason="restored from a backup"), "the store says dropped: restored from a backup"),
        (row(claimed_at=LONG_AGO, refused_at=LONG_AGO, reason="550"), "the store says refused: 550"),
    ],
)
def test_what_lies_there_and_is_not_known_to_have_gone_out_is_lost(message: Message, says: str) -> None:
    ((finding,), _) = judged([copy()], [message])
    assert finding.kind is Kind.LOST
    assert finding.says == f"lies there (INBOX UID 7); {says}"


def test_what_is_uncertain_has_time_to_be_settled_and_what_comes_after_all_is_late() -> None:
    assert judged([copy()], [row(claimed_at=JUST_NOW, data_at=JUST_NOW)]) == ([], {"waiting": 1})
    assert judged([copy()], [sent(missing_at=LONG_AGO)]) == ([], {"late": 1})


def test_a_message_that_lies_there_twice_is_doubled() -> None:
    ((finding,), counts) = judged([copy(), copy(folder="Warmup", uid=9)], [found()])
    assert (finding.kind, finding.says) == (Kind.DOUBLED, "lies there 2 times: INBOX UID 7, Warmup UID 9")
    assert counts == {"present": 1}


def test_a_folder_that_shows_what_others_hold_doubles_nothing() -> None:
    everything = copy(folder="All Mail", uid=3, view=True)
    assert kinds([copy(), everything], [found()]) == []
    assert kinds([copy(), copy(folder="Label"), everything], [found()]) == []
    assert kinds([everything], [found()]) == []
    assert kinds([everything, copy(folder="All Mail", uid=4, view=True)], [found()]) == [Kind.DOUBLED]


def test_a_message_in_two_mailboxes_is_doubled_and_outside_but_not_lost() -> None:
    one = audit()
    one.compare(BOB, [copy()], [found()])
    one.compare(CID, [copy(uid=2)], [found()])
    doubled, outside = one.findings({})
    assert (doubled.kind, doubled.mailbox) == (Kind.DOUBLED, CID.address)
    assert doubled.says == "lies there (INBOX UID 2), and at bob@x.test as well"
    assert (outside.kind, outside.says) == (Kind.OUTSIDE, "lies there (INBOX UID 2), and was written to bob@x.test")


def test_a_message_in_another_mailbox_alone_is_outside_and_not_lost_as_well() -> None:
    for order in ((BOB, CID), (CID, BOB)):
        one = audit()
        for box in order:
            one.compare(box, [copy()] if box is CID else [], [sent()])
        assert [finding.kind for finding in one.findings({})] == [Kind.OUTSIDE]


def test_its_own_mail_in_a_mailbox_is_its_own_copy() -> None:
    assert judged([copy(view=True), copy(uid=8)], [found()], ANN) == ([], {})
    assert judged([copy()], [], ANN) == ([], {})


def test_a_message_without_a_row_is_unknown_if_its_label_is_right() -> None:
    ((finding,), _) = judged([copy()], [])
    assert (finding.kind, finding.message_id) == (Kind.UNKNOWN, "<1@x.test>")
    assert finding.says == "from ann@x.test (INBOX UID 7): ours by its label, and the store has no row of it"


@pytest.mark.parametrize(
    ("told", "says"),
    [
        ({"written_by": "eve@evil.test"}, "from or to eve@evil.test: never in the pool"),
        ({"written_to": ("eve@evil.test", "bob@x.test")}, "from or to eve@evil.test: never in the pool"),
        ({"written_to": ("cid@x.test",)}, "lies there (INBOX UID 7), and was written to cid@x.test"),
        ({"written_to": ()}, "lies there (INBOX UID 7), and was written to nobody"),
    ],
)
def test_an_unknown_message_from_or_to_somebody_else_is_outside(told: dict[str, Any], says: str) -> None:
    unknown, outside = judged([copy(**told)], [])[0]
    assert (unknown.kind, outside.kind, outside.says) == (Kind.UNKNOWN, Kind.OUTSIDE, says)


def test_an_address_is_known_in_both_its_forms() -> None:
    assert kinds([copy(written_by=wire(UWE.address))], []) == [Kind.UNKNOWN]
    assert kinds([copy(written_by="uwe@größe.test")], [], UWE) == []


@pytest.mark.parametrize(
    "forgery",
    [
        copy(label="0" * 32),
        copy(label=""),
        copy(2, label=INSTALL.token("<1@x.test>")),  # one of ours with the label of another
        copy(message_id="<1@x.test>", label=INSTALL.token("<2@x.test>")),
    ],
)
def test_a_wrong_label_is_a_strangers_and_no_fault(forgery: Copy) -> None:
    findings, counts = judged([forgery, copy(), copy(2)], [found(), found(2)])
    assert [finding.kind for finding in findings] == [Kind.FORGED]
    assert findings[0].says == "1 with a label that isn't ours, and not touched: INBOX UID 7"
    assert not findings[0].kind.wrong
    assert counts == {"present": 2}


def test_many_forgeries_are_one_finding() -> None:
    ((finding,), _) = judged([copy(label="x", uid=uid) for uid in range(1, 100)], [])
    assert finding.says == "99 with a label that isn't ours, and not touched: INBOX UID 1, INBOX UID 2, INBOX UID 3, …"


def test_a_message_whose_id_was_replaced_on_its_way_is_known_by_its_label() -> None:
    for other in ("<outlook@y.test>", ""):
        assert judged([copy(message_id=other)], [found()]) == ([], {"present": 1})


def test_what_went_out_to_or_from_one_that_had_left_is_outside() -> None:
    ((finding,), _) = judged([copy()], [found(sender=LEFT)])
    assert finding.kind is Kind.OUTSIDE
    assert finding.says == "went out on 2026-03-07 12:00Z, when left@x.test had left the pool"
    one = audit()
    one.unvisited(
        [found(recipient=LEFT), sent(2, at=LONG_AGO - timedelta(days=1), recipient=LEFT), row(3, recipient=LEFT)]
    )
    assert [(finding.kind, finding.mailbox) for finding in one.findings({})] == [(Kind.OUTSIDE, LEFT.address)]
    assert one.counts["unseen"] == 2


def test_more_than_a_day_allowed_is_above_whoever_knows_of_it() -> None:
    one = audit()
    one.compare(BOB, [copy(), copy(2), copy(3)], [found(), row(2, claimed_at=JUST_NOW, data_at=JUST_NOW)])
    assert [f.kind for f in one.findings({(ANN.id, DAY): (1, 3)})] == [Kind.UNKNOWN]
    unknown, above = one.findings({(ANN.id, DAY): (1, 2)})
    assert (above.kind, above.mailbox, above.message_id) == (Kind.ABOVE, ANN.address, None)
    assert above.says == "3 went out on 2026-03-07, and the day allowed 2"
    assert [f.kind for f in one.findings({(ANN.id, DAY): (1, None)})] == [unknown.kind]
    assert [f.kind for f in one.findings({(BOB.id, DAY): (1, 0)})] == [Kind.UNKNOWN, Kind.ABOVE]


def test_what_would_be_lost_and_some_of_what_is_gone_is_looked_for_again() -> None:
    one = audit()
    rows = [
        sent(1),
        sent(2),
        sent(3, at=JUST_NOW),
        sent(4, missing_at=LONG_AGO),
        sent(5, recipient=CID),
        *(found(number) for number in range(10, 30)),
    ]
    names = [1, *range(22, 30)]
    tokens = {f"<{number}@x.test>": INSTALL.token(f"<{number}@x.test>") for number in names}
    assert one.absent(BOB, [copy(2)], rows) == tokens
    assert one.doubled([copy(2), copy(2, uid=8)], rows)
    assert not one.doubled([copy(1), copy(2)], rows)
    assert one.ours([copy(2), copy(3, label="x"), copy(4, message_id="")]) == {"<2@x.test>"}


def test_one_who_joined_meanwhile_is_known() -> None:
    one = audit()
    new = mailbox(9, "new@x.test")
    one.joined([new])
    one.compare(BOB, [copy()], [found(sender=new)])
    assert one.findings({}) == []


def test_the_weightiest_comes_first() -> None:
    rows = [found(1), sent(2), replace(found(3), recipient=CID.id)]
    assert kinds([copy(1), copy(1, uid=8), copy(3), copy(9), copy(8, label="x")], rows) == [
        Kind.LOST,
        Kind.DOUBLED,
        Kind.UNKNOWN,
        Kind.OUTSIDE,
        Kind.FORGED,
    ]
