"""Which server a connection goes to: by weight, and never to a host that is held."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmup.model import Endpoint, Mailbox, Relay, Security, chance
from warmup.plan import WHOLE, server

OWN = Endpoint("Mail.x.test", 465, Security.TLS)
ANN = Mailbox(
    id=1,
    address="ann@x.test",
    name="Ann",
    zone="UTC",
    provider="x.test",
    login="ann@x.test",
    credential="ann@x.test",
    smtp=OWN,
    imap=Endpoint("imap.x.test", 993, Security.TLS),
    added_at=datetime(2026, 3, 2, tzinfo=UTC),
)


def relay(host: str, weight: int = 0) -> Relay:
    return Relay(Endpoint(host, 465, Security.TLS), weight)


@st.composite
def mailboxes(draw: st.DrawFn) -> Mailbox:
    hosts = draw(st.lists(st.sampled_from(["a.test", "B.test", "c.test", "mail.x.test"]), max_size=4))
    left = WHOLE
    relays = []
    for port, host in enumerate(hosts, 1):
        weight = draw(st.integers(0, left))
        left -= weight
        relays.append(Relay(Endpoint(host, port, Security.TLS), weight))
    return replace(ANN, relays=tuple(relays))


HELD = st.sets(st.sampled_from(["a.test", "b.test", "c.test", "mail.x.test"]))


@given(mailbox=mailboxes(), held=HELD, seed=st.integers())
def test_a_host_that_is_held_is_passed_over_as_long_as_another_is_not(
    mailbox: Mailbox, held: set[str], seed: int
) -> None:
    chosen = server(mailbox, held, chance(seed))
    free = {one for one in mailbox.submission if one.host.lower() not in held}
    assert (chosen is None) == (not free)
    assert chosen is None or chosen in free
    assert chosen == server(mailbox, held, chance(seed))


@given(held=HELD, seed=st.integers())
def test_a_mailbox_without_relays_has_its_own_server_or_none(held: set[str], seed: int) -> None:
    assert server(ANN, held, chance(seed)) == (None if "mail.x.test" in held else OWN)


@pytest.mark.parametrize(
    ("weights", "held", "shares"),
    [
        ((0, 0), set(), {"Mail.x.test": 1.0}),
        ((30, 0), set(), {"Mail.x.test": 0.7, "a.test": 0.3}),
        ((30, 50), set(), {"Mail.x.test": 0.2, "a.test": 0.3, "b.test": 0.5}),
        ((100, 0), set(), {"a.test": 1.0}),
        ((30, 10), {"mail.x.test"}, {"a.test": 0.75, "b.test": 0.25}),
        ((100, 0), {"a.test"}, {"Mail.x.test": 1.0}),
        ((0, 0), {"mail.x.test"}, {"a.test": 1.0}),
        ((100, 0), {"a.test", "mail.x.test"}, {"b.test": 1.0}),
    ],
)
def test_connections_are_parted_by_weight(weights: tuple[int, int], held: set[str], shares: dict[str, float]) -> None:
    mailbox = replace(ANN, relays=(relay("a.test", weights[0]), relay("b.test", weights[1])))
    drawn = [server(mailbox, held, chance("seed", number)) for number in range(2000)]
    counted = Counter(one.host for one in drawn if one)
    assert counted.keys() == shares.keys()
    for host, share in shares.items():
        assert counted[host] / 2000 == pytest.approx(share, abs=0.05)
