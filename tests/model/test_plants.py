"""A daemon that breaks a law is found out by the same laws that the machine asks; one that doesn't isn't.

Each plant has a life in which it shows, lived with it and without.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from unittest.mock import patch

import pytest

from warmup.model import Response, Scope, Stage
from warmup.sandbox import Fault, Manner
from warmup.smtp import Session

from .house import House
from .laws import Law
from .machine import RATE
from .plants import PLANTS

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
MIDNIGHT = datetime(2026, 6, 9, 22, tzinfo=UTC)  # in Berlin
AT_ONCE = timedelta(0)


@contextmanager
def lived(life: Callable[[House], None]) -> Iterator[House]:
    house = House(MIDNIGHT, ["Europe/Berlin"] * 3)
    house.move_in()
    try:
        house.reload(curve="even")  # two a day
        life(house)
        yield house
    finally:
        house.move_out()


def an_ordinary_day(house: House) -> None:
    house.pass_(1.5 * DAY)


def a_first_day(house: House) -> None:
    house.reload(curve="gentle")  # one
    house.pass_(DAY)


def held_for_a_day(house: House) -> None:
    house.pass_(DAY + HOUR)
    house.hold(0, 0, Scope.HOST, DAY)
    house.pass_(3 * DAY)


def held_while_a_server_thinks(house: House) -> None:
    envelope = Session.envelope

    async def slow(session: Session, sender: str, recipient: str, message: bytes) -> Response:
        said = await envelope(session, sender, recipient, message)
        house.clock.jump(house.clock.now() + timedelta(minutes=1))
        house.hold(0, 0, Scope.HOST, HOUR)
        return said

    with patch.object(Session, "envelope", slow):
        house.pass_(15 * HOUR)


def a_relay_is_held(house: House) -> None:
    for number in range(4):
        house.relay(number, 100)
    house.pass_(DAY + HOUR)
    house.hold(0, 0, Scope.HOST, DAY, relay=True)
    house.pass_(3 * DAY)


def the_cap_is_lowered(house: House) -> None:
    house.pass_(HOUR)
    house.reload(cap=1)
    house.pass_(DAY)


def off_for_some_hours(house: House) -> None:
    house.pass_(HOUR)
    house.sleep(15 * HOUR)
    house.pass_(DAY)


def off_over_night(house: House) -> None:
    house.pass_(HOUR)
    house.sleep(DAY)
    house.pass_(2 * HOUR)


def begun_in_the_evening(house: House) -> None:
    house.sleep(17 * HOUR)
    house.pass_(10 * HOUR)


def one_leaves(house: House) -> None:
    house.pass_(HOUR)
    house.remove(0)
    house.pass_(DAY)


def answers_are_lost(house: House) -> None:
    house.strike(Fault(Stage.DOT, manner=Manner.LOST, times=2), AT_ONCE)
    house.pass_(DAY)


def a_server_is_gone(house: House) -> None:
    house.strike(Fault(Stage.CONNECT, manner=Manner.DROP, times=2), AT_ONCE)
    house.pass_(DAY)


def a_server_throttles(house: House) -> None:
    house.strike(Fault(Stage.RCPT, say=RATE, times=2), AT_ONCE)
    house.pass_(DAY)


FOUND = (
    ("a claim that is deaf to pauses", held_for_a_day, Law.HELD),
    ("no last look before DATA", held_while_a_server_thinks, Law.HELD),
    ("a relay that is held and used", a_relay_is_held, Law.HELD),
    ("a claim that doesn't count", the_cap_is_lowered, Law.ABOVE),
    ("more than the day allows", a_first_day, Law.ABOVE),
    ("a claim that takes what was missed", off_for_some_hours, Law.BURST),
    ("a whole day's mail in its last hours", begun_in_the_evening, Law.BURST),
    ("a claim that leaves yesterday's", off_over_night, Law.LOST),
    ("what wasn't sent is called sent", an_ordinary_day, Law.LOST),
    ("what was accepted isn't written down", an_ordinary_day, Law.LOST),
    ("what is dropped has no reason", a_server_throttles, Law.LOST),
    ("nobody looks for what was sent", an_ordinary_day, Law.LOST),
    ("who has left is written to", one_leaves, Law.OUTSIDE),
    ("what is uncertain is sent again", answers_are_lost, Law.TWICE),
    ("age by the calendar", held_for_a_day, Law.AGE),
    ("a ramp that falls for our own failures", a_server_is_gone, Law.SET_BACK),
    ("a pause without words", a_server_throttles, Law.PAUSE),
    ("a pause without an end", a_server_throttles, Law.PAUSE),
)


@pytest.mark.parametrize(("plant", "life", "law"), FOUND, ids=[plant for plant, _, _ in FOUND])
def test_what_is_wrong_is_found(plant: str, life: Callable[[House], None], law: Law) -> None:
    with PLANTS[plant](), lived(life) as house:
        assert law in {found.law for found in house.found()}


@pytest.mark.parametrize("life", dict.fromkeys(life for _, life, _ in FOUND))
def test_what_is_right_is_not_found(life: Callable[[House], None]) -> None:
    with lived(life) as house:
        house.check()


def test_every_law_has_a_plant_and_every_plant_a_life() -> None:
    assert {law for _, _, law in FOUND} == set(Law)
    assert [plant for plant, _, _ in FOUND] == list(dict.fromkeys(plant for plant, _, _ in FOUND))
    assert {plant for plant, _, _ in FOUND} == set(PLANTS)
