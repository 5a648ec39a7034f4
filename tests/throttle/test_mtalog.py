"""What a Postfix logs is understood, line by line and whoever wrote the line; what else is logged is passed over.

The replies are real ones, and the lines' forms those of Postfix 3.7 as it was run (tests/real) and of its source.
"""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.throttle.known import RULES
from warmup.model import Action, Response, Stage
from warmup.throttle import judge
from warmup.throttle.mtalog import LONGEST, QUEUED, MailLog, Told
from warmup.throttle.report import Fate, Report

HEAD = "Nov 25 01:02:03 mail"
SLOW = (
    "421-4.7.28 [192.0.2.10      15] Our system has detected an unusual rate of 421-4.7.28 unsolicited mail originating"
    " from your IP address. 421 4.7.28 https://support.google.com/mail/?p=UnsolicitedRateLimitError x1 - gsmtp"
)
TSS04 = "421 4.7.0 [TSS04] Messages from 192.0.2.10 temporarily deferred due to unexpected volume or user complaints"


def delivery(
    words: str,
    *,
    status: str = "deferred",
    dsn: str = "4.7.28",
    relay: str = "mx.far.test[192.0.2.25]:25",
    by: str = "",
) -> str:
    """What a delivery agent logs of the message under 4A1B2C3D4E, its head included."""
    fields = (
        f"to=<Zoe@far.test>, relay={relay}, delay=1.2, delays=0.1/0.01/1/0.09, dsn={dsn}, status={status} ({words})"
    )
    return f"{HEAD} {by or 'postfix/smtp[123]'}: 4A1B2C3D4E: {fields}"


def heard(*lines: str, queue_id: str = "4A1B2C3D4E") -> list[Told]:
    """What is told by some lines, after the one that names the Message-ID."""
    log = MailLog()
    lines = (f"{HEAD} postfix/cleanup[99]: {queue_id}: message-id=<m1@alpha.test>", *lines)
    return [told for told in map(log.line, lines) if told]


def told_by(line: str) -> Report:
    (told,) = heard(line)
    assert told.message_id == "<m1@alpha.test>"
    return told.report


def test_a_refusal_for_now_is_told_with_the_receivers_words() -> None:
    report = told_by(delivery(f"host mx.far.test[192.0.2.25] said: {SLOW} (in reply to RCPT TO command)"))
    assert (report.recipient, report.action, report.remote) == ("zoe@far.test", Fate.DELAYED, "mx.far.test")
    said = report.response
    assert (said.stage, said.code, said.enhanced, report.own) == (Stage.DSN, 421, "4.7.28", False)
    assert said.text.startswith("[192.0.2.10 15] Our system has")
    assert said.text.endswith("x1 - gsmtp")
    assert judge(said, rules=RULES).action is Action.PAUSE_LANE


def test_a_refusal_for_good_is_a_failure() -> None:
    words = "host mx.far.test[2001:db8::25] said: 550 5.1.1 <zoe@far.test>: Recipient address rejected"
    report = told_by(delivery(f"{words} (in reply to RCPT TO command)", status="bounced", dsn="5.1.1"))
    assert (report.action, report.response.code, report.response.enhanced) == (Fate.FAILED, 550, "5.1.1")
    assert report.response.text == "<zoe@far.test>: Recipient address rejected"


def test_a_bounce_that_soft_bounce_keeps_in_the_queue_is_a_delay() -> None:
    words = "host mx.far.test[192.0.2.25] said: 550 5.1.1 no (in reply to RCPT TO command)"
    assert told_by(delivery(words, status="SOFTBOUNCE", dsn="5.1.1")).action is Fate.DELAYED


@pytest.mark.parametrize("again", ["", "delivery temporarily suspended: "])
def test_a_server_that_refuses_to_talk_has_said_so_of_every_message_that_waits_for_it(again: str) -> None:
    words = f"{again}host mx.far.test[192.0.2.25] refused to talk to me: {TSS04}"
    report = told_by(delivery(words, dsn="4.7.0", relay="none", by="postfix/error[7]"))
    assert (report.response.code, report.response.enhanced, report.remote) == (421, "4.7.0", "mx.far.test")
    assert report.response.text.startswith("[TSS04]")
    assert judge(report.response, rules=RULES).action is Action.PAUSE_LANE


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("4.4.1", "connect to mx.far.test[192.0.2.25]:25: Connection refused"),
        ("4.4.1", "connect to mx.far.test[192.0.2.25]:587: Connection refused"),  # no reply with the code 587
        ("4.4.1", "connect to mx.far.test[2001:db8::25]:25: Network is unreachable"),
        ("4.4.1", "connect to mx.far.test[192.0.2.25]:25: Connection timed out"),
        ("4.4.1", "connect to mail.alpha.test[private/dovecot-lmtp]: Connection refused"),
        ("4.4.2", "lost connection with mx.far.test[192.0.2.25] while receiving the initial server greeting"),
        ("4.4.2", "conversation with mx.far.test[192.0.2.25] timed out while sending RCPT TO"),
        (
            "4.4.3",
            "Host or domain name not found. Name service error for name=far.test type=MX: Host not found, try again",
        ),
        ("4.7.5", "Cannot start TLS: handshake failure"),
        ("4.3.0", "mail transport unavailable"),
        ("4.3.5", "mail for far.test loops back to myself"),
    ],
)
@pytest.mark.parametrize("again", ["", "delivery temporarily suspended: "])
def test_trouble_of_our_own_mta_is_waited_for_and_no_throttle(status: str, words: str, again: str) -> None:
    report = told_by(delivery(again + words, dsn=status, relay="none"))
    assert report.own
    assert (report.action, report.response) == (Fate.DELAYED, Response(Stage.DSN, 450, status, words))
    verdict = judge(report.response, rules=RULES)
    assert (verdict.action, verdict.setback) == (Action.RETRY_LATER, 1.0)


@pytest.mark.parametrize(
    "words",
    [
        "SASL authentication failed; server smtp.example.org[192.0.2.1] said: 535 5.7.8 Error: authentication failed",
        "TLS is required, but host mx.far.test[192.0.2.25] refused to start TLS: 454 4.7.0 TLS not available",
    ],
)
def test_what_the_mta_and_its_relay_have_with_each_other_is_not_said_to_the_sender(words: str) -> None:
    report = told_by(delivery(words, dsn="4.7.0", relay="none"))
    assert report.own
    assert (report.response.code, report.response.text) == (450, words)


def test_what_the_mta_itself_bounces_is_its_own() -> None:
    report = told_by(delivery('unknown user: "zoe"', status="bounced", dsn="5.1.1", relay="local"))
    assert report.own
    assert (report.action, report.remote) == (Fate.FAILED, None)
    assert report.response == Response(Stage.DSN, 550, "5.1.1", 'unknown user: "zoe"')


@pytest.mark.parametrize("word", ["expired", "force-expired"])
def test_a_message_that_is_given_up_has_failed_for_what_was_last_said_of_it(word: str) -> None:
    given_up = f"{HEAD} postfix/qmgr[5]: 4A1B2C3D4E: from=<ann@alpha.test>, status={word}, returned to sender"
    delayed, failed = heard(delivery(f"host mx.far.test[192.0.2.25] said: {TSS04}"), given_up)
    assert (delayed.report.action, failed.report.action) == (Fate.DELAYED, Fate.FAILED)
    assert failed.report.response == delayed.report.response
    (unsaid,) = heard(given_up)
    assert (unsaid.report.action, unsaid.report.recipient) == (Fate.FAILED, "")
    assert (unsaid.report.response.code, unsaid.report.response.enhanced) == (450, "4.4.7")


def test_the_recipient_is_the_one_that_was_written_to() -> None:
    line = delivery("host mx.far.test[192.0.2.25] said: 550 5.1.1 no", status="bounced", dsn="5.1.1")
    assert (
        told_by(line.replace("to=<Zoe@far.test>", "to=<z@b.test>, orig_to=<zoe@far.test>")).recipient == "zoe@far.test"
    )


@pytest.mark.parametrize(
    "head",
    [
        "Nov 25 01:02:03 mail postfix/smtp[123]",
        "Nov  5 01:02:03 mail postfix/smtp[123]",
        "2026-11-25T01:02:03.123456+01:00 mail postfix/smtp[123]",
        "2026-11-25T01:02:03Z 2001:db8::1 postfix-out/smtp[123]",
        "Nov 25 01:02:03 mail mail.info postfix/smtp[123]",  # busybox
        "<22>Nov 25 01:02:03 mail postfix-2/relay/smtp[123]",
        "Nov 25 01:02:03 mail postfix/lmtp[123]",
        "Nov 25 01:02:03 mail postfix/qmgr[123]",
    ],
)
def test_lines_are_known_by_whatever_daemon_instance_and_service_they_are_written(head: str) -> None:
    line = delivery(f"host mx.far.test[192.0.2.25] said: {TSS04}")
    assert told_by(f"{head}:{line.partition(']:')[2]}").response.code == 421


@pytest.mark.parametrize(
    "head",
    [
        "Nov 25 01:02:03 mail sendmail[123]",
        "Nov 25 01:02:03 mail postfixer/smtp[123]",
        "Nov 25 01:02:03 mail cron[9]: postfix/smtp[123]",  # somebody's words
        "postfix/smtp[123]",
        "",
    ],
)
def test_lines_of_others_tell_nothing(head: str) -> None:
    line = delivery(f"host mx.far.test[192.0.2.25] said: {TSS04}")
    assert heard(f"{head}:{line.partition(']:')[2]}") == []


@pytest.mark.parametrize("queue_id", ["4A1B2C", "4cXyZb1Nz9z2xDW", "3mCqcj5HR1z2xDW"])
def test_queue_ids_may_be_short_or_long(queue_id: str) -> None:
    line = delivery(f"host mx.far.test[192.0.2.25] said: {TSS04}").replace("4A1B2C3D4E", queue_id)
    assert len(heard(line, queue_id=queue_id)) == 1


def test_an_entry_of_the_journal_is_its_identifier_and_its_words() -> None:
    log = MailLog()
    assert log.entry("postfix/cleanup", "4A1B2C3D4E: message-id=<m1@alpha.test>") is None
    words = delivery(f"host mx.far.test[192.0.2.25] said: {TSS04}").partition("]: ")[2]
    told = log.entry("postfix/smtp", words)
    assert told is not None
    assert told.message_id == "<m1@alpha.test>"


def test_a_line_may_be_cut_off() -> None:
    whole = delivery(f"host mx.far.test[192.0.2.25] said: {TSS04} (in reply to RCPT TO command)")
    assert (
        told_by(whole[: whole.index(" due to")]).response.text
        == "[TSS04] Messages from 192.0.2.10 temporarily deferred"
    )


def test_tls_fields_of_newer_versions_are_no_words() -> None:
    line = delivery(f"host mx.far.test[192.0.2.25] said: {TSS04}")
    assert told_by(line.replace(", dsn=", ", tls=(disabled:dane)/!secure, dsn=")).response.code == 421


def test_what_was_delivered_is_no_news() -> None:
    assert heard(delivery("250 2.0.0 Ok: queued as 1", status="sent", dsn="2.0.0")) == []


def test_what_nobody_knows_or_has_left_the_queue_is_passed_over() -> None:
    refused = delivery(f"host mx.far.test[192.0.2.25] said: {TSS04}")
    assert MailLog().line(refused) is None
    assert heard(f"{HEAD} postfix/qmgr[5]: 4A1B2C3D4E: removed", refused) == []
    assert heard(f"{HEAD} postfix/cleanup[5]: 5A: message-id=<>", refused.replace("4A1B2C3D4E", "5A")) == []


def test_an_id_that_is_used_again_means_the_new_message() -> None:
    again = f"{HEAD} postfix/cleanup[99]: 4A1B2C3D4E: message-id=<m2@alpha.test>"
    assert [told.message_id for told in heard(again, delivery(f"host mx[192.0.2.25] said: {TSS04}"))] == [
        "<m2@alpha.test>"
    ]


def test_no_more_messages_are_remembered_than_there_is_room_for() -> None:
    log = MailLog()
    for number in range(QUEUED + 1):
        log.entry("postfix/cleanup", f"{number:010X}: message-id=<{number}@alpha.test>")
    refused = f"to=<z@far.test>, relay=none, delay=1, delays=0/0/0/0, dsn=4.7.0, status=deferred ({TSS04})"
    assert log.entry("postfix/smtp", f"{0:010X}: {refused}") is None
    assert log.entry("postfix/smtp", f"{1:010X}: {refused}") is not None


@given(
    st.lists(
        st.one_of(
            st.text(),
            st.text().map(lambda words: delivery(words)),
            st.text().map(lambda words: f"{HEAD} postfix/qmgr[5]: 4A1B2C3D4E: {words}"),
            st.text().map(lambda words: delivery(f"host mx[192.0.2.25] said: {words}", status="bounced", dsn="5.0.0")),
        )
    )
)
def test_no_line_raises(lines: list[str]) -> None:
    for told in heard(*lines):
        assert told.report.response.text.isprintable()


WORST = [
    "a",
    " ",
    ":",
    "(",
    ")",
    ")(in reply to ",
    "\n",
    "host ",
    "host x said: ",
    "to=<",
    "1.1.1 ",
    "421-",
    " -> 4",
    "dsn=4.1.1, ",
]


@pytest.mark.parametrize("piece", WORST)
def test_no_line_takes_long(piece: str) -> None:
    noise = (piece * 10_000)[: LONGEST * 2]
    lines = [
        noise,
        f"{HEAD} {noise}",
        f"{HEAD} postfix/smtp[1]: {noise}",
        f"{HEAD} postfix/smtp[1]: 4A1B2C3D4E: {noise}",
    ]
    lines += [
        f"{HEAD} postfix/smtp[1]: 4A1B2C3D4E: to=<{noise}",
        f"{HEAD} postfix/smtp[1]: 4A1B2C3D4E: to=<x>, relay=x, {noise}",
    ]
    lines += [
        delivery(noise),
        delivery(f"host mx[192.0.2.25] said: {noise}"),
        f"Nov 25 01:02:03 {noise} postfix/smtp[1]: ",
    ]
    for line in lines:
        start = time.process_time()
        heard(line)
        assert time.process_time() - start < 0.05  # seconds: a dozen times the most that was measured
