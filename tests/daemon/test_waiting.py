"""Who waits to be called."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from warmup.daemon.waiting import WaitingRoom


def test_who_goes_elsewhere_is_called_however_long_a_line_is() -> None:
    room = WaitingRoom(2)
    room.enter(dict.fromkeys(range(1000), "slow.test") | {1000: "quick.test"})
    assert set(room.call()) == {0, 1, 1000}
    assert not list(room.call())


def test_who_came_first_is_called_first() -> None:
    room = WaitingRoom(1)
    room.enter({7: "a.test", 3: "a.test", 5: "a.test"})
    order = []
    while room.numbers:
        (called,) = room.call()
        order.append(called)
        room.leave(called)
        room.enter({9: "a.test"} if called == 7 else {})
    assert order == [7, 3, 5, 9]


def test_it_knows_those_who_wait_and_those_who_are_called() -> None:
    room = WaitingRoom(1)
    room.enter({1: "a.test", 2: "a.test"})
    (called,) = room.call()
    assert set(room.numbers) == {1, 2}
    room.leave(called)
    assert set(room.numbers) == {2}


def test_one_that_goes_on_elsewhere_keeps_nobody_of_its_line_waiting() -> None:
    room = WaitingRoom(1)
    room.enter({1: "a.test", 2: "a.test", 3: "b.test"})
    assert set(room.call()) == {1, 3}
    room.move(1, "b.test")
    assert list(room.call()) == [2]
    room.enter({4: "b.test"})
    room.leave(3)
    assert not list(room.call()), "one that came from elsewhere is there"
    room.leave(1)
    assert list(room.call()) == [4]


@given(st.data())
def test_nobody_is_forgotten_or_called_twice_and_no_line_has_more_than_it_may(data: st.DataObject) -> None:
    most, names = data.draw(st.integers(1, 3)), st.sampled_from("abc")
    room, line_of = WaitingRoom(most), data.draw(st.dictionaries(st.integers(0, 30), names, max_size=20))
    room.enter(line_of)
    called: dict[int, str] = {}
    seen: list[int] = []
    while room.numbers:
        for number in room.call():
            called[number] = line_of[number]
            seen.append(number)
        assert called, "somebody waits, and nobody is called"
        assert max(Counter(called.values()).values()) <= most
        leaving = data.draw(st.sampled_from(sorted(called)))
        del called[leaving]
        room.leave(leaving)
    assert sorted(seen) == sorted(line_of)
