"""The machine: everything that can happen to a house, in any order; after each, every law is checked.

Owns: what happens, with what likelihood, and when houses are lived in. Does not own: how (`tests.model.house`), what
must not (`tests.model.laws`).

Most rules let some hours go by, or hypothesis would spend its steps on what happens in one instant.
"""

from __future__ import annotations

import traceback
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import ClassVar

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from warmup.model import Scope, Stage
from warmup.sandbox import Fault, Manner
from warmup.throttle.report import Fate

from .house import ADDRESSES, House

HOUR = timedelta(hours=1)

ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata")

# A day before clocks are set: Berlin 29 March and 25 October, New York 8 March and 1 November, Lord Howe (by half an
# hour) 5 April and 4 October; and a day after which none is for long.
STARTS = tuple(
    datetime(2026, month, day, tzinfo=UTC)
    for month, day in ((3, 28), (10, 24), (3, 7), (10, 31), (4, 4), (10, 3), (6, 10))
)

RATE = "421 4.7.28 An unusual rate of email from your account has been detected; try again later"
NAMED = "450 4.7.1 Too many messages, try again in 45 minutes"
OF_DOMAIN = "421 4.7.28 Gmail has detected an unusual rate of email originating from your DKIM domain [north.test]"
CONNECTIONS = "421 4.3.2 Too many concurrent connections, try again later"
FULL = "452 4.2.2 The email account that you tried to reach is over quota"
QUOTA = "550 5.4.5 Daily user sending limit exceeded"
NOT_NOW = "451 4.3.0 Temporary system problem, try again later"
NOBODY = "550 5.1.1 The email account that you tried to reach does not exist"
NEVER = "554 5.6.0 Message rejected"
PASSWORD = "535 5.7.8 Username and Password not accepted"
TOO_BIG = "552 5.3.4 Message too big"

# What a server may do, once or twice, to one mailbox or to whoever comes. (stage, manner, what it says)
_TROUBLES: tuple[tuple[Stage, Manner | None, str], ...] = (
    (Stage.RCPT, None, RATE),
    (Stage.RCPT, None, NAMED),
    (Stage.DOT, None, OF_DOMAIN),
    (Stage.MAIL, None, QUOTA),
    (Stage.RCPT, None, FULL),
    (Stage.RCPT, None, NOBODY),
    (Stage.DOT, None, NEVER),
    (Stage.DOT, None, NOT_NOW),
    (Stage.AUTH, None, PASSWORD),
    (Stage.AUTH, None, RATE),
    (Stage.MAIL, Manner.DROP, ""),
    (Stage.DATA, Manner.DROP, ""),
    (Stage.DATA, Manner.HANG, ""),
    (Stage.DOT, Manner.DROP, ""),
    (Stage.DOT, Manner.LOST, ""),
    (Stage.DOT, Manner.LOST, ""),
    (Stage.DOT, Manner.HANG, ""),
    (Stage.LOGIN, None, "NO [AUTHENTICATIONFAILED] no"),
    (Stage.LOGIN, None, "BYE busy, try again later"),
    (Stage.FETCH, Manner.DROP, ""),
)
_OF_ALL = ((Stage.CONNECT, None, CONNECTIONS), (Stage.CONNECT, Manner.DROP, ""), (Stage.EHLO, None, NOT_NOW))


@st.composite
def faults(draw: st.DrawFn) -> Fault:
    stage, manner, say = draw(st.sampled_from(_TROUBLES + _OF_ALL))
    times = draw(st.integers(1, 2))
    if stage in {Stage.CONNECT, Stage.EHLO}:
        return Fault(stage, say, manner, times=times)
    sender = draw(st.sampled_from(["*", "*", ADDRESSES[0]]))
    aimed = stage in {Stage.RCPT, Stage.DATA, Stage.DOT}
    recipient = draw(st.sampled_from(["*", "*", "*@east.test"])) if aimed else "*"
    return Fault(stage, say, manner, sender=sender, recipient=recipient, times=times)


who = st.integers(0, 3)
hours = st.integers(1, 20).map(lambda number: number * HOUR)
some = st.integers(0, 5)


class Lives(RuleBasedStateMachine):
    """One house. `check` is called after every step."""

    house: House
    counts: ClassVar[Counter[str]]

    @initialize(
        start=st.sampled_from(STARTS),
        hour=st.integers(0, 23),
        zones=st.lists(st.sampled_from(ZONES), min_size=2, max_size=4),
        troubles=st.lists(st.tuples(faults(), st.integers(0, 60)), max_size=4),
        weights=st.lists(st.sampled_from([None, 0, 50]), max_size=4),
    )
    def move_in(
        self,
        start: datetime,
        hour: int,
        zones: list[str],
        troubles: list[tuple[Fault, int]],
        weights: list[int | None],
    ) -> None:
        self.house = House(start + hour * HOUR, zones)
        self.house.move_in()
        for number, weight in enumerate(weights):
            self.house.relay(number, weight)
        for fault, after in troubles:
            self.house.strike(fault, after * HOUR)

    def teardown(self) -> None:
        if hasattr(self, "house"):
            self.counts.update({"lives": 1} | self.house.count())
            self.house.move_out()

    @rule(time=st.integers(10, 48).map(lambda number: number * HOUR))
    def a_day_passes(self, time: timedelta) -> None:
        self.house.pass_(time)

    @rule(fault=faults(), time=hours)
    def a_server_is_in_trouble(self, fault: Fault, time: timedelta) -> None:
        self.house.strike(fault, timedelta(0))
        self.house.pass_(time)

    @rule(
        number=some,
        said=st.sampled_from([RATE, NAMED, OF_DOMAIN, FULL, QUOTA, NOBODY, TOO_BIG, NOT_NOW]),
        fate=st.sampled_from([Fate.FAILED, Fate.FAILED, Fate.DELAYED]),
        swallow=st.booleans(),
        stranger=st.sampled_from([False, False, False, True]),
        time=hours,
    )
    def a_notification_comes(
        self, number: int, said: str, fate: Fate, swallow: bool, stranger: bool, time: timedelta
    ) -> None:
        self.house.tell(number, said, fate, swallow=swallow, stranger=stranger)
        self.house.pass_(time)

    @rule(words=st.integers(1, 60), committed=st.booleans(), time=st.integers(6, 30).map(lambda number: number * HOUR))
    def the_daemon_is_killed(self, words: int, committed: bool, time: timedelta) -> None:
        self.house.kill(words, committed=committed)
        self.house.pass_(time)

    @rule(
        who=who,
        whom=who,
        scope=st.sampled_from([Scope.MAILBOX, Scope.LANE, Scope.RECIPIENT, Scope.DOMAIN, Scope.HOST]),
        lasts=st.sampled_from([None, 2 * HOUR, 12 * HOUR, 30 * HOUR]),
        relay=st.booleans(),
        time=hours,
    )
    def the_operator_holds(
        self, who: int, whom: int, scope: Scope, lasts: timedelta | None, relay: bool, time: timedelta
    ) -> None:
        self.house.hold(who, whom, scope, lasts, relay=relay)
        self.house.pass_(time)

    @rule(who=who, weight=st.sampled_from([None, 0, 50, 100]), time=hours)
    def a_mailbox_has_a_relay(self, who: int, weight: int | None, time: timedelta) -> None:
        self.house.relay(who, weight)
        self.house.pass_(time)

    @rule(number=some, time=hours)
    def the_operator_resumes(self, number: int, time: timedelta) -> None:
        self.house.resume(number)
        self.house.pass_(time)

    @rule(who=who, zone=st.sampled_from(ZONES), time=hours)
    def a_mailbox_moves_to_another_zone(self, who: int, zone: str, time: timedelta) -> None:
        self.house.change(who, zone=zone)
        self.house.pass_(time)

    @rule(
        who=who, curve=st.sampled_from([None, "gentle", "doubling", "even"]), name=st.sampled_from(["Ann Bell", "Bö"])
    )
    def the_operator_edits_a_mailbox(self, who: int, curve: str | None, name: str) -> None:
        self.house.change(who, curve=curve, name=name)

    @rule(who=who, time=hours)
    def a_mailbox_leaves(self, who: int, time: timedelta) -> None:
        self.house.remove(who)
        self.house.pass_(time)

    @rule(who=who, time=hours)
    def a_mailbox_comes_back(self, who: int, time: timedelta) -> None:
        self.house.add_again(who)
        self.house.pass_(time)

    @rule(
        curve=st.sampled_from(["gentle", "doubling", "even"]),
        cap=st.sampled_from([None, 1, 2]),
        late=st.sampled_from([timedelta(minutes=1), timedelta(minutes=30), 4 * HOUR]),
        days=st.sampled_from([frozenset(range(7)), frozenset(range(5))]),
        rate=st.sampled_from([0.0, 0.6, 1.0]),
    )
    def the_configuration_is_reloaded(
        self, curve: str, cap: int | None, late: timedelta, days: frozenset[int], rate: float
    ) -> None:
        self.house.reload(curve=curve, cap=cap, late=late, days=days, rate=rate)

    @rule(time=st.integers(1, 80).map(lambda number: number * HOUR))
    def nothing_runs(self, time: timedelta) -> None:
        self.house.sleep(time)

    @rule(time=st.integers(1, 26).map(lambda number: number * HOUR), then=hours)
    def the_clock_is_set_back(self, time: timedelta, then: timedelta) -> None:
        self.house.turn_back(time)
        self.house.pass_(then)

    @precondition(lambda self: hasattr(self, "house"))
    @invariant()
    def the_laws_hold(self) -> None:
        self.house.check()


def many(number: int, *, examples: int, steps: int, shrink: bool = True) -> tuple[Counter[str], str]:
    """What happened in lives that are always the same for a number, and the one in which a law was broken, if any: the
    smallest there is, which it takes minutes to find, unless told not to.
    """

    class Some(Lives):
        counts: ClassVar[Counter[str]] = Counter()

    profile = settings(
        max_examples=examples,
        stateful_step_count=steps,
        database=None,
        deadline=None,
        print_blob=True,
        phases=[Phase.generate, Phase.shrink] if shrink else [Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    try:
        run_state_machine_as_test(seed(number)(Some), settings=profile)
    except Exception:
        return Some.counts, traceback.format_exc()
    return Some.counts, ""


__all__ = ["Lives", "many"]
