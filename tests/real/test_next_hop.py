"""What a Postfix is told by the server after it is heard in its log and in what it writes to the sender."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import partial

import pytest

from tests.need import missing, wait_until
from warmup.model import Stage
from warmup.mta import Follower
from warmup.throttle.dsn import Bounce, Fate, bounce
from warmup.throttle.mtalog import Told

from .ground import GIVEN_UP, WARNED, Ground, lacking
from .test_ground import letter, submitting

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("real")]

NOW = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)
SLOW = """421-4.7.28 [127.0.0.1      15] Our system has detected an unusual rate of
421-4.7.28 unsolicited mail originating from your IP address.
421 4.7.28 https://support.google.com/mail/?p=UnsolicitedRateLimitError x1 - gsmtp"""
WORDS = (
    "[127.0.0.1 15] Our system has detected an unusual rate of 421-4.7.28 unsolicited mail originating from your IP "
    "address. 421 4.7.28 https://support.google.com/mail/?p=UnsolicitedRateLimitError x1 - gsmtp"
)


@contextlib.contextmanager
def standing(settings: Mapping[str, str] | None = None) -> Iterator[Ground]:
    if reason := lacking():
        missing(reason)
    with Ground(size=2, settings=settings) as ground:
        yield ground


def write(ground: Ground, message_id: str = "<m1@alpha.test>") -> None:
    """Ann writes to Zoe."""
    ann, zoe = ground.mailboxes[0], ground.far
    with submitting(ground, ann) as session:
        session.sendmail(ann.address, [zoe.address], letter(ann.address, zoe.address, message_id=message_id))


async def listening(ground: Ground) -> Callable[[int], Awaitable[list[Told]]]:
    """Whoever waits until so much has been told in the log from now on."""
    follower = Follower(str(ground.maillog), lambda: NOW)
    _, mark = await follower.read(None)

    def longer(than: int) -> bool:
        return ground.maillog.stat().st_size > than

    async def told(count: int) -> list[Told]:
        nonlocal mark
        heard: list[Told] = []
        while len(heard) < count:
            size = ground.maillog.stat().st_size
            news, then = await follower.read(mark)
            heard += news
            mark = then or mark
            if then is None:
                wait_until(partial(longer, size), "more is logged")
        return heard

    return told


def notices(ground: Ground) -> list[Bounce]:
    """Those in Ann's inbox, as soon as there are some."""
    inbox = partial(ground.messages, ground.mailboxes[0].address)
    wait_until(inbox, "a notice has come")
    return [found for found in map(bounce, inbox()) if found]


async def test_a_refusal_for_now_is_in_the_log_wherever_it_was_said() -> None:
    # Greeting and EHLO last: after a few refusals there, Postfix lets a server rest.
    stages = [Stage.DOT, Stage.DATA, Stage.RCPT, Stage.MAIL, Stage.EHLO, Stage.CONNECT]
    with standing() as ground, ground.next_hop() as hop:
        told = await listening(ground)
        for stage in stages:
            with hop.saying(stage, SLOW):
                write(ground, f"<{stage}@alpha.test>")
                (one,) = await told(1)
            assert hop.met[-1] is stage
            assert one.message_id == f"<{stage}@alpha.test>"
            assert (one.report.recipient, one.report.action) == ("zoe@far.test", Fate.DELAYED)
            assert (one.report.remote, one.report.own) == ("127.0.0.1", False)
            said = one.report.response
            assert (said.stage, said.code, said.enhanced, said.text) == (Stage.DSN, 421, "4.7.28", WORDS)


async def test_what_is_given_up_is_told_alike_in_the_log_and_to_the_sender() -> None:
    with standing(GIVEN_UP) as ground, ground.next_hop() as hop, hop.saying(Stage.RCPT, SLOW):
        told = await listening(ground)
        write(ground)
        delayed, failed = await told(2)
        (notice,) = notices(ground)
    assert (delayed.report.action, failed.report.action) == (Fate.DELAYED, Fate.FAILED)
    assert notice.message_id == failed.message_id == "<m1@alpha.test>"
    assert notice.reports == (failed.report,)


async def test_a_refusal_for_good_is_told_alike_in_the_log_and_to_the_sender() -> None:
    with standing() as ground, ground.next_hop() as hop, hop.saying(Stage.RCPT, "550 5.1.1 no such user - gsmtp"):
        told = await listening(ground)
        write(ground)
        (failed,) = await told(1)
        (notice,) = notices(ground)
    assert notice.reports == (failed.report,)
    assert (failed.report.action, failed.report.response.code) == (Fate.FAILED, 550)


async def test_a_sender_is_warned_of_a_delay_and_the_message_comes_when_it_is_over() -> None:
    with standing(WARNED) as ground, ground.next_hop() as hop:
        told = await listening(ground)
        with hop.saying(Stage.CONNECT, SLOW):
            write(ground)
            delayed, *_ = await told(1)
            notice, *_ = notices(ground)
        assert notice.reports == (delayed.report,)
        assert notice.message_id == "<m1@alpha.test>"
        ground.settle()
        assert ground.counts("zoe@far.test") == {"INBOX": 1}


async def test_a_server_that_is_not_there_is_trouble_of_our_own_mta() -> None:
    with standing(GIVEN_UP) as ground:
        told = await listening(ground)
        write(ground)
        delayed, _ = await told(2)
        (notice,) = notices(ground)
    assert delayed.report.own
    said = delayed.report.response
    assert (said.code, said.enhanced) == (450, "4.4.1")
    assert said.text == f"connect to 127.0.0.1[127.0.0.1]:{ground.beyond}: Connection refused"
    assert notice.reports[0].response == said
