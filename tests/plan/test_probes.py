"""A round of probes goes to every receiving provider but to nobody twice, and never to its own sender."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from hypothesis import given
from hypothesis import strategies as st

from warmup.model import Endpoint, Mailbox, Security
from warmup.plan import Habits, Hours, Policy, probes

SERVER = Endpoint("127.0.0.1", 1, Security.TLS)
NOW = datetime(2026, 3, 2, 23, 30, tzinfo=UTC)
POLICY = Policy(
    hours=Hours(frozenset(range(5)), time(8), time(17)),
    gap=timedelta(minutes=5),
    habits=Habits(timedelta(minutes=40), timedelta(minutes=20)),
    rate=1.0,
    max_turns=6,
    inbound_cap=40,
    scenarios={"en": [("en/lunch", 4), ("en/loan", 3)]},
)


def mailbox(number: int, provider: str, zone: str = "UTC") -> Mailbox:
    address = f"p{number}@{provider}"
    return Mailbox(
        id=number,
        address=address,
        name="P",
        zone=zone,
        provider=provider,
        login=address,
        credential=address,
        smtp=SERVER,
        imap=SERVER,
        added_at=NOW,
    )


@given(providers=st.lists(st.sampled_from(["one.test", "two.test", "three.test"]), min_size=1, max_size=12))
def test_each_provider_gets_one_message_that_wants_no_answer(providers: list[str]) -> None:
    pool = [mailbox(number, provider) for number, provider in enumerate(providers, start=1)]
    sender, others = pool[0], {one.id: one for one in pool[1:]}
    slots = probes(sender, pool, POLICY, now=NOW, seed="s")
    assert [others[slot.recipient].provider for slot in slots] == sorted({one.provider for one in others.values()})
    for slot in slots:
        assert (slot.sender, slot.due_at, slot.turn, slot.parent, slot.answer_wanted) == (1, NOW, 1, None, False)
        assert slot.message_id.endswith(f"@{sender.domain}>")
        assert slot.scenario in {"en/lunch", "en/loan"}
    assert len({slot.message_id for slot in slots}) == len(slots)
    assert probes(sender, pool[::-1], POLICY, now=NOW, seed="s") == slots


def test_another_round_is_another_and_of_the_senders_own_day() -> None:
    pool = [mailbox(1, "one.test", "Asia/Tokyo"), mailbox(2, "two.test")]
    (one,) = probes(pool[0], pool, POLICY, now=NOW, seed="s")
    (two,) = probes(pool[0], pool, POLICY, now=NOW + timedelta(seconds=1), seed="s")
    assert one.message_id != two.message_id
    assert one.local_date == date(2026, 3, 3)
