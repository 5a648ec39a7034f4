"""At every stage a server can refuse, close, hang or vanish: what then is told is always exactly what is known."""

from __future__ import annotations

import asyncio
import ssl

import pytest

from warmup.errors import NotSent, Uncertain, WireError
from warmup.model import Response, Security, Stage
from warmup.smtp import Timeouts

from .client import MESSAGE, one_mail, signed_in, submitted
from .conftest import Serve
from .server import DROP, SILENCE, Say

STAGES = [Stage.CONNECT, Stage.TLS, Stage.EHLO, Stage.AUTH, Stage.MAIL, Stage.RCPT, Stage.DATA, Stage.DOT]
REFUSALS = [Say("421 4.7.0 busy", close=True), Say("450 4.2.1 later"), Say("550 5.7.1 never")]
HASTY = Timeouts(connect=0.2, command=0.2, data=0.2, dot=0.2, quit=0.2)


def verb(stage: Stage) -> str:
    return "STARTTLS" if stage is Stage.TLS else stage.name


def security(stage: Stage) -> Security:
    return Security.STARTTLS if stage is Stage.TLS else Security.PLAIN


def broken(stage: Stage) -> type[WireError]:
    return Uncertain if stage is Stage.DOT else NotSent


@pytest.mark.parametrize("refusal", REFUSALS, ids=["421", "4yz", "5yz"])
@pytest.mark.parametrize("stage", STAGES)
async def test_a_refusal_is_a_response_with_its_stage_and_codes(
    serve: Serve, trusting: ssl.SSLContext, stage: Stage, refusal: Say
) -> None:
    server = await serve({verb(stage): refusal})
    said = await one_mail(server, trusting, security(stage))
    code, enhanced, text = refusal.text.split()
    assert said == Response(stage, int(code), enhanced, text)
    await asyncio.wait_for(server.hung_up.wait(), 5)


@pytest.mark.parametrize("stage", STAGES)
async def test_a_connection_dropped_is_not_sent_until_the_dot_and_uncertain_after_it(
    serve: Serve, trusting: ssl.SSLContext, stage: Stage
) -> None:
    server = await serve({verb(stage): DROP})
    with pytest.raises(broken(stage), match=r"127\.0\.0\.1 closed the connection") as lost:
        await one_mail(server, trusting, security(stage))
    assert lost.value.stage is stage


@pytest.mark.parametrize("stage", STAGES)
async def test_silence_ends_at_the_deadline_of_its_stage(serve: Serve, trusting: ssl.SSLContext, stage: Stage) -> None:
    server = await serve({verb(stage): SILENCE})
    with pytest.raises(broken(stage), match=r"no answer from 127\.0\.0\.1 within 0\.2 s") as lost:
        await one_mail(server, trusting, security(stage), timeouts=HASTY)
    assert lost.value.stage is stage
    await asyncio.wait_for(server.hung_up.wait(), 5)


@pytest.mark.parametrize(("verb", "stage"), [("DATA", Stage.DATA), ("DOT", Stage.DOT)])
async def test_data_and_the_dot_have_deadlines_of_their_own(
    serve: Serve, trusting: ssl.SSLContext, verb: str, stage: Stage
) -> None:
    server = await serve({verb: SILENCE})
    timeouts = Timeouts(**{stage.value: 0.2})
    with pytest.raises(WireError, match=r"0\.2 s") as lost:
        await one_mail(server, trusting, timeouts=timeouts)
    assert lost.value.stage is stage


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("nonsense", ["199 what", "999 what", "000", "hello there", "399 what"])
async def test_an_answer_that_makes_no_sense_is_a_broken_wire(
    serve: Serve, trusting: ssl.SSLContext, stage: Stage, nonsense: str
) -> None:
    if stage is Stage.DATA and nonsense.startswith("3"):
        nonsense = "250 what"  # at DATA a 3yz makes sense, and a 2yz doesn't: it must never pass for a mail accepted
    server = await serve({verb(stage): nonsense})
    with pytest.raises(broken(stage)) as lost:
        await one_mail(server, trusting, security(stage))
    assert lost.value.stage is stage
    assert "what" not in str(lost.value)
    await asyncio.wait_for(server.hung_up.wait(), 5)


async def test_a_mail_accepted_is_accepted_though_the_server_vanishes(serve: Serve, trusting: ssl.SSLContext) -> None:
    server = await serve({"DOT": Say("250 2.0.0 queued", close=True)})
    session = await signed_in(server, trusting)
    assert await submitted(session) == Response(Stage.DOT, 250, "2.0.0", "queued")
    await session.close()


@pytest.mark.parametrize("goodbye", [DROP, SILENCE, Say("500 what"), Say("gibberish")])
async def test_a_goodbye_that_fails_is_nobodys_trouble(serve: Serve, trusting: ssl.SSLContext, goodbye: Say) -> None:
    server = await serve({"QUIT": goodbye})
    session = await signed_in(server, trusting, timeouts=Timeouts(quit=0.05))
    assert (await submitted(session)).positive
    await session.close()
    assert not session.usable
    await asyncio.wait_for(server.hung_up.wait(), 5)


@pytest.mark.parametrize("stage", STAGES)
async def test_a_cancelled_conversation_hangs_up(serve: Serve, trusting: ssl.SSLContext, stage: Stage) -> None:
    server = await serve({verb(stage): SILENCE})
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(one_mail(server, trusting, security(stage)))
        await asyncio.wait_for(server.reached[verb(stage)].wait(), 5)
        task.cancel()
    assert task.cancelled()
    await asyncio.wait_for(server.hung_up.wait(), 5)


async def test_a_session_cancelled_after_the_dot_is_never_used_again(serve: Serve, trusting: ssl.SSLContext) -> None:
    server = await serve({"DOT": SILENCE})
    session = await signed_in(server, trusting)
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(submitted(session))
        await asyncio.wait_for(server.reached["DOT"].wait(), 5)
        task.cancel()
    assert task.cancelled()
    assert not session.usable
    with pytest.raises(NotSent) as lost:
        await session.envelope("ann@example.org", "bob@example.net", MESSAGE)
    assert lost.value.stage is Stage.MAIL
    assert len(server.messages) == 1


@pytest.mark.parametrize("stage", [Stage.MAIL, Stage.RCPT, Stage.DATA, Stage.DOT])
async def test_a_session_told_421_is_not_usable_even_if_the_server_stays(
    serve: Serve, trusting: ssl.SSLContext, stage: Stage
) -> None:
    server = await serve({stage.name: "421 4.7.0 busy"})
    session = await signed_in(server, trusting)
    assert (await submitted(session)).code == 421
    assert not session.usable
    await asyncio.wait_for(server.hung_up.wait(), 5)
