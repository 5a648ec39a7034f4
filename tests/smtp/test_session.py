"""What goes over the wire, to the byte, when all goes well, and what isn't said at all."""

from __future__ import annotations

import asyncio
import ssl

import pytest

from warmup.errors import NotSent
from warmup.model import Response, Stage

from .client import B64_PLAIN, MESSAGE, offer, one_mail, signed_in, submitted
from .conftest import Serve
from .server import Say


async def test_one_mail_is_said_in_these_words(serve: Serve, trusting: ssl.SSLContext) -> None:
    server = await serve()
    assert await one_mail(server, trusting) == Response(Stage.DOT, 250, "2.0.0", "queued")
    assert server.heard == [
        "EHLO client.example",
        f"AUTH PLAIN {B64_PLAIN}",
        f"MAIL FROM:<ann@example.org> SIZE={len(MESSAGE)}",
        "RCPT TO:<bob@example.net>",
        "DATA",
        "QUIT",
    ]
    assert server.messages == [MESSAGE]


async def test_an_accepted_envelope_gives_the_answer_to_rcpt(serve: Serve, trusting: ssl.SSLContext) -> None:
    server = await serve({"RCPT": "251 2.1.5 forwarded"})
    session = await signed_in(server, trusting)
    said = await session.envelope("ann@example.org", "bob@example.net", MESSAGE)
    assert said == Response(Stage.RCPT, 251, "2.1.5", "forwarded")
    await session.close()


async def test_two_mails_share_a_connection_without_a_word_in_between(serve: Serve, trusting: ssl.SSLContext) -> None:
    server = await serve()
    session = await signed_in(server, trusting)
    assert (await submitted(session)).positive
    assert session.usable
    assert (await submitted(session, b"second\r\n")).positive
    await session.close()
    assert server.verbs == ["EHLO", "AUTH", "MAIL", "RCPT", "DATA", "MAIL", "RCPT", "DATA", "QUIT"]
    assert server.messages == [MESSAGE, b"second\r\n"]


@pytest.mark.parametrize("verb", ["RCPT", "DATA", "DOT"])
async def test_a_refused_mail_is_reset_before_the_next(serve: Serve, trusting: ssl.SSLContext, verb: str) -> None:
    accepted = {"RCPT": "250 fine", "DATA": "354 go on", "DOT": "250 queued"}[verb]
    server = await serve({verb: ["550 5.1.1 unknown", accepted]})
    session = await signed_in(server, trusting)
    assert (await submitted(session)).code == 550
    assert session.usable
    assert (await submitted(session)).positive
    await session.close()
    assert server.verbs.count("RSET") == 1
    assert server.verbs[server.verbs.index("RSET") + 1] == "MAIL"


async def test_a_refused_mail_command_leaves_nothing_to_reset(serve: Serve, trusting: ssl.SSLContext) -> None:
    server = await serve({"MAIL": ["451 4.3.0 later", "250 fine"]})
    session = await signed_in(server, trusting)
    assert (await submitted(session)).code == 451
    assert (await submitted(session)).positive
    await session.close()
    assert "RSET" not in server.verbs


async def test_what_has_been_reset_is_not_reset_again(serve: Serve, trusting: ssl.SSLContext) -> None:
    server = await serve({"RCPT": ["550 5.1.1 unknown", "250 fine"], "MAIL": ["250 fine", "451 4.3.0 later", "250 ok"]})
    session = await signed_in(server, trusting)
    assert [(await submitted(session)).code for _ in range(3)] == [550, 451, 250]
    await session.close()
    assert server.verbs.count("RSET") == 1


async def test_a_421_to_rset_is_the_answer_to_the_next_mail(serve: Serve, trusting: ssl.SSLContext) -> None:
    server = await serve({"RCPT": "550 5.1.1 unknown", "RSET": Say("421 4.7.0 too many", close=True)})
    session = await signed_in(server, trusting)
    await submitted(session)
    assert await submitted(session) == Response(Stage.MAIL, 421, "4.7.0", "too many")


async def test_a_reset_refused_is_never_the_next_mails_fault(serve: Serve, trusting: ssl.SSLContext) -> None:
    server = await serve({"RCPT": "550 5.1.1 unknown", "RSET": "502 5.5.1 what"})
    session = await signed_in(server, trusting)
    await submitted(session)
    with pytest.raises(NotSent, match="RSET was answered 502"):
        await submitted(session)
    assert not session.usable


async def test_an_idle_421_makes_a_session_unusable(serve: Serve, trusting: ssl.SSLContext) -> None:
    server = await serve()
    session = await signed_in(server, trusting)
    assert (await submitted(session)).positive
    server.blurt("421 4.4.2 idle for too long")
    async with asyncio.timeout(5):
        while session.usable:  # noqa: ASYNC110 - nothing tells a client that something has come
            await asyncio.sleep(0)
    with pytest.raises(NotSent, match="spoke out of turn") as lost:
        await submitted(session)
    assert lost.value.stage is Stage.MAIL
    assert server.verbs.count("MAIL") == 1


async def test_an_idle_421_in_the_packet_of_the_answer_spoils_the_session_but_not_the_answer(
    serve: Serve, trusting: ssl.SSLContext
) -> None:
    server = await serve({"DOT": "250 2.0.0 queued\n421 4.4.2 going down"})
    session = await signed_in(server, trusting)
    assert await submitted(session) == Response(Stage.DOT, 250, "2.0.0", "queued")
    assert not session.usable
    await session.close()


async def test_an_answer_too_many_is_never_taken_for_the_next_one(serve: Serve, trusting: ssl.SSLContext) -> None:
    server = await serve({"DATA": "354 go on\n250 2.0.0 queued"})
    with pytest.raises(NotSent, match="spoke out of turn") as lost:
        await one_mail(server, trusting)
    assert lost.value.stage is Stage.DOT
    assert server.messages == []


async def test_lines_that_begin_with_a_dot_and_line_ends_arrive_as_they_were(
    serve: Serve, trusting: ssl.SSLContext
) -> None:
    message = b".\r\n..\r\n\r\n.a\r\nb.\r\n  .c\r\n\r\n.\r\n"
    server = await serve()
    session = await signed_in(server, trusting)
    assert (await submitted(session, message)).positive
    await session.close()
    assert server.messages == [b"..\r\n...\r\n\r\n..a\r\nb.\r\n  .c\r\n\r\n..\r\n"]
    assert f"SIZE={len(message)}" in server.heard[2]  # RFC 1870 §5: the added dots don't count


@pytest.mark.parametrize("message", [b"", b"no end", b"bare\nline\r\n", b"bare\rreturn\r\n", b"smuggled\n.\n\r\n"])
async def test_a_message_not_made_of_lines_is_a_bug_and_never_goes_out(
    serve: Serve, trusting: ssl.SSLContext, message: bytes
) -> None:
    server = await serve()
    session = await signed_in(server, trusting)
    with pytest.raises(ValueError, match="CRLF"):
        await submitted(session, message)
    await session.close()
    assert "DATA" not in server.verbs


async def test_a_message_without_an_accepted_envelope_is_a_bug(serve: Serve, trusting: ssl.SSLContext) -> None:
    session = await signed_in(await serve(), trusting)
    with pytest.raises(AssertionError):
        await session.data(MESSAGE)
    await session.close()


async def test_a_message_longer_than_the_servers_size_is_not_offered_to_it(
    serve: Serve, trusting: ssl.SSLContext
) -> None:
    server = await serve({"EHLO": offer("SIZE 20")})
    session = await signed_in(server, trusting)
    assert await submitted(session) == Response(
        Stage.MAIL, 552, "5.3.4", f"message of {len(MESSAGE)} octets exceeds the server's SIZE 20 (not sent)"
    )
    assert (await submitted(session, b"x" * 18 + b"\r\n")).positive
    await session.close()
    assert server.verbs.count("MAIL") == 1


async def test_a_size_of_zero_is_no_limit(serve: Serve, trusting: ssl.SSLContext) -> None:
    server = await serve({"EHLO": offer("SIZE 0")})
    assert (await one_mail(server, trusting)).positive
    assert server.heard[2] == f"MAIL FROM:<ann@example.org> SIZE={len(MESSAGE)}"


async def test_eight_bits_are_declared_where_offered_and_refused_where_not(
    serve: Serve, trusting: ssl.SSLContext
) -> None:
    message = "Grüße\r\n".encode()
    able, unable = await serve({"EHLO": offer("8BITMIME")}), await serve({"EHLO": offer()})
    session = await signed_in(able, trusting)
    assert (await submitted(session, message)).positive
    await session.close()
    assert able.heard[2] == "MAIL FROM:<ann@example.org> BODY=8BITMIME"
    session = await signed_in(unable, trusting)
    said = await submitted(session, message)
    await session.close()
    assert (said.stage, said.code, said.enhanced) == (Stage.MAIL, 554, "5.6.3")
    assert said.text.endswith("(not sent)")
    assert unable.verbs == ["EHLO", "AUTH", "QUIT"]


async def test_an_international_domain_goes_as_ascii_and_needs_no_smtputf8(
    serve: Serve, trusting: ssl.SSLContext
) -> None:
    server = await serve({"EHLO": offer()})
    session = await signed_in(server, trusting)
    assert (await submitted(session, sender="ann@bücher.example", recipient="bob@münchen.example")).positive
    await session.close()
    assert server.heard[2:4] == ["MAIL FROM:<ann@xn--bcher-kva.example>", "RCPT TO:<bob@xn--mnchen-3ya.example>"]


@pytest.mark.parametrize(
    ("sender", "recipient"), [("jürgen@x.example", "b@x.example"), ("a@x.example", "zoë@x.example")]
)
async def test_a_local_part_outside_ascii_needs_smtputf8(
    serve: Serve, trusting: ssl.SSLContext, sender: str, recipient: str
) -> None:
    able, unable = await serve({"EHLO": offer("8BITMIME", "SMTPUTF8")}), await serve({"EHLO": offer()})
    session = await signed_in(able, trusting)
    assert (await submitted(session, sender=sender, recipient=recipient)).positive
    await session.close()
    assert able.heard[2:4] == [f"MAIL FROM:<{sender}> SMTPUTF8", f"RCPT TO:<{recipient}>"]
    session = await signed_in(unable, trusting)
    said = await submitted(session, sender=sender, recipient=recipient)
    await session.close()
    assert (said.stage, said.code, said.enhanced) == (Stage.MAIL, 553, "5.6.7")
    assert unable.verbs == ["EHLO", "AUTH", "QUIT"]
