"""Notifications are read whoever wrote them, and mail about notifications is not taken for one.

The layouts are in tests/data/dsn. Those named postfix-* were written by a Postfix 3.7, exim-bounce, exim-two,
exim-delayed and exim-expired by an Exim 4.96, each before a next hop that refused on command. All others are
reconstructed: from the RFCs (base64-parts, broken-mime, expanded, utf8-escaped), from qmail's QSBMF, and from the
formats that programs and providers document or are known for; names, addresses and ids in them are made up.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.throttle.known import RULES
from warmup.model import Action, Stage
from warmup.throttle import judge
from warmup.throttle.dsn import LARGEST, LONGEST, MOST, Bounce, Fate, bounce

HERE = Path(__file__).parents[1] / "data" / "dsn"
MAILS = {path.stem: path.read_bytes() for path in sorted(HERE.glob("*.eml"))}
REAL = "The email account that you tried to reach does not exist."
SLOW = "421 4.7.0 [TSS04] Messages from 192.0.2.10 temporarily deferred due to unexpected volume"

# File, Message-ID before the @, and of each recipient: address, fate, host, and how code and words begin.
LAYOUTS = [
    ("amazon-ses", "ses-1", [("nobody@far.test", "failed", None, "550 5.1.1 user unknown")]),
    ("base64-parts", "base64-1", [("nobody@far.test", "failed", "mx.far.test", "550 5.1.1 no such user")]),
    (
        "broken-mime",
        "broken-1",
        [("nobody@far.test", "failed", None, "550 5.1.1"), ("full@far.test", "failed", None, "450 4.2.2")],
    ),
    ("courier", "courier-1", [("nobody@far.test", "failed", "mx.far.test", "550 5.1.1 User unknown")]),
    (
        "cpanel",
        "cpanel-1",
        [("ben@elsewhere.test", "failed", None, "550 5.0.0 Domain alpha.test has exceeded the max emails per hour")],
    ),
    ("exchange-2003", "exchange-2", [("nobody@far.test", "failed", None, "550 5.1.1")]),
    (
        "exchange-2007-no-status",
        "exchange-3",
        [("nobody@far.test", "failed", None, "550 5.1.1 RESOLVER.ADR.RecipNotFound; not found")],
    ),
    ("exchange-55", "exchange-1", [("nobody@far.test", "failed", None, "550 5.1.1 User unknown")]),
    ("exim-bounce", "ex-bounce-1", [("nobody@far.test", "failed", "127.0.0.1", f"550 5.1.1 {REAL}")]),
    ("exim-delayed", "ex-delay-1", [("rate@far.test", "delayed", "127.0.0.1", "421 4.7.28 Our system")]),
    ("exim-expired", "ex-delay-1", [("rate@far.test", "failed", "127.0.0.1", "421 4.7.28 Our system")]),
    (
        "exim-two",
        "ex-many-1",
        [
            ("nobody1@far.test", "failed", "127.0.0.1", f"550 5.1.1 {REAL}"),
            ("nobody2@far.test", "failed", "127.0.0.1", f"550 5.1.1 {REAL}"),
        ],
    ),
    (
        "exim-old",
        "exim-old-1",
        [
            ("nobody@far.test", "failed", "mx.far.test", f"550 5.1.1 {REAL}"),
            ("ben@elsewhere.test", "failed", None, "550 all relevant MX records point to non-existent hosts"),
        ],
    ),
    ("exim-old-delayed", "exim-old-2", [("rate@far.test", "delayed", "mx.far.test", "451 4.7.650 The mail server")]),
    (
        "expanded",
        "expanded-1",
        [("all@far.test", "expanded", None, "250 2.0.0"), ("ben@far.test", "delivered", None, "250 2.1.5")],
    ),
    ("gmail", "gmail-1", [("nobody@far.test", "failed", "mx.far.test", "550 5.1.1 <nobody@far.test>: Recipient")]),
    ("gmail-delayed", "gmail-2", [("rate@far.test", "delayed", None, "450 4.4.1 The recipient server did not accept")]),
    ("gmail-no-status", "gmail-3", [("rate@far.test", "failed", None, "550 5.4.5 Daily user sending limit exceeded")]),
    ("gmail-old", "gmail-4", [("nobody@far.test", "failed", None, "550 5.1.1 <nobody@far.test>... User unknown")]),
    ("haraka", "haraka-1", [("nobody@far.test", "failed", "mx.far.test", "550 5.1.1 No such user here")]),
    ("icloud", "icloud-1", [("full@far.test", "failed", "mx.far.test", "552 5.2.2 <full@far.test>: user is over")]),
    (
        "kumomta",
        "kumo-1",
        [("nobody@far.test", "failed", "mx.far.test", "550 5.7.1 [192.0.2.10] Our system has detected that this")],
    ),
    ("mail-ru", "mailru-1", [("nobody@far.test", "failed", "mx.far.test", "550 5.1.1 <nobody@far.test>... User")]),
    ("microsoft-365", "m365-1", [("nobody@far.test", "failed", None, "550 5.1.10 RESOLVER.ADR.RecipientNotFound;")]),
    ("microsoft-365-remote", "m365-2", [("rate@far.test", "failed", "mx.far.test", "451 4.7.500 Server busy.")]),
    ("postfix-bounce", "pf-bounce-1", [("nobody@far.test", "failed", "localhost", f"550 5.1.1 {REAL}")]),
    ("postfix-delayed", "pf-rate-1", [("rate@far.test", "delayed", "localhost", "421 4.7.28 Gmail has detected")]),
    ("postfix-expired", "pf-rate-1", [("rate@far.test", "failed", "localhost", "421 4.7.28 Gmail has detected")]),
    ("postfix-headers-only", "pf-spam-1", [("spam@far.test", "failed", "localhost", "550 5.7.1 [TSS09] spam content")]),
    ("postfix-relayed", "pf-ok-1", [("fine@far.test", "relayed", "localhost", "250 2.0.0 OK queued")]),
    (
        "postfix-two",
        "pf-many-1",
        [
            ("nobody1@far.test", "failed", "localhost", f"550 5.1.1 {REAL}"),
            ("nobody2@far.test", "failed", "localhost", f"550 5.1.1 {REAL}"),
        ],
    ),
    ("postfix-utf8", "pf-utf8-1", [("rené@far.test", "failed", "localhost", "550 5.1.1 <rené@far.test> not hére")]),
    ("powermta", "pmta-1", [("rate@far.test", "failed", "mx.far.test", SLOW)]),
    (
        "qmail",
        "qmail-1",
        [
            ("nobody@far.test", "failed", "192.0.2.25", "550 5.1.1 <nobody@far.test>: Recipient address rejected"),
            ("gone@elsewhere.test", "failed", None, "550 5.1.1 Sorry, no mailbox here by that name."),
        ],
    ),
    ("qmail-expired", "qmail-2", [("rate@far.test", "failed", "192.0.2.25", SLOW)]),
    ("sendmail", "sendmail-1", [("nobody@far.test", "failed", "mx.far.test", "550 5.1.1 <nobody@far.test>... User")]),
    ("sendmail-delayed", "sendmail-2", [("rate@far.test", "delayed", "mx.far.test", "421 4.7.0 Try again later")]),
    ("sendmail-old", "sendmail-3", [("nobody@far.test", "failed", "mx.far.test", "550 <nobody@far.test>... User")]),
    ("utf8-escaped", "utf8-2", [("rené@far.test", "failed", None, "550 5.6.7 a name like that is not [31mknown here")]),
    ("yahoo", "yahoo-1", [("nobody@far.test", "failed", None, "550 5.1.1 <nobody@far.test>: Recipient address")]),
    ("yahoo-old", "yahoo-2", [("nobody@yahoo.com", "failed", None, "554 delivery error: dd Sorry your message to")]),
    ("yandex", "yandex-1", [("nobody@far.test", "failed", "mx.far.test", "550 5.7.1 No such user!")]),
    ("zoho", "zoho-1", [("nobody@far.test", "failed", "mx.far.test", "550 5.1.1 <nobody@far.test>: Recipient")]),
    ("zoho-old", "zoho-2", [("nobody@far.test", "failed", None, "550 ERROR_CODE :5.1.1 <nobody@far.test>: Recipient")]),
]


def told(mail: bytes) -> Bounce:
    found = bounce(mail)
    assert found is not None
    return found


@pytest.mark.parametrize("crlf", [False, True], ids=["lf", "crlf"])
@pytest.mark.parametrize(("name", "key", "expected"), LAYOUTS, ids=[layout[0] for layout in LAYOUTS])
def test_a_layout_is_read(name: str, key: str, expected: list[tuple[str, str, str | None, str]], crlf: bool) -> None:
    found = told(MAILS[name].replace(b"\n", b"\r\n") if crlf else MAILS[name])
    assert found.message_id == f"<{key}@alpha.test>"
    assert [(report.recipient, report.action, report.remote) for report in found.reports] == [
        row[:3] for row in expected
    ]
    for report, (*_, words) in zip(found.reports, expected, strict=True):
        assert str(report.response).startswith(f"dsn: {words}")
        assert report.response.stage is Stage.DSN
        assert report.response.positive is (report.action not in (Fate.FAILED, Fate.DELAYED))


def test_every_layout_is_in_the_table() -> None:
    assert sorted(MAILS) == sorted(layout[0] for layout in LAYOUTS)


def test_the_envelope_id_is_read() -> None:
    assert told(MAILS["postfix-headers-only"]).original_envelope_id == "QQ314159"
    assert told(MAILS["haraka"]).original_envelope_id == "1F2E3D4C-0A1B.1"
    assert told(MAILS["gmail"]).original_envelope_id is None


def test_a_throttle_that_was_told_afterwards_is_judged_like_one_on_the_wire() -> None:
    report = told(MAILS["qmail-expired"]).reports[0]
    assert judge(report.response, rules=RULES).action is Action.PAUSE_LANE


# What it may lack


def report(*lines: str, returned: str = "", head: str = "Return-Path: <>\nFrom: MAILER-DAEMON@alpha.test\n") -> bytes:
    """A notification with these lines as its delivery status."""
    parts = ["Content-Type: text/plain\n\nSorry.", "Content-Type: message/delivery-status\n\n" + "\n".join(lines)]
    parts += [f"Content-Type: text/rfc822-headers\n\n{returned}"] if returned else []
    body = "".join(f"--b\n{part}\n" for part in parts)
    return f"{head}Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n{body}--b--\n".encode()


RECIPIENT = "Final-Recipient: rfc822; ben@far.test"


def test_without_the_returned_message_its_id_is_unknown() -> None:
    assert told(report(RECIPIENT, "Status: 5.1.1")).message_id is None


@pytest.mark.parametrize(
    ("lines", "head"),
    [
        (["Original-Message-ID: <a@alpha.test>"], ""),
        (["X-Original-Message-ID: <a@alpha.test>"], ""),
        ([], "X-Original-Message-ID: <a@alpha.test>\n"),
        ([], "In-Reply-To: <a@alpha.test>\n"),
        ([], "References: <first@alpha.test>\n <a@alpha.test>\n"),
    ],
)
def test_the_id_is_found_wherever_a_program_puts_it(lines: list[str], head: str) -> None:
    assert told(report(*lines, "", RECIPIENT, head=f"From: <>\n{head}")).message_id == "<a@alpha.test>"


@pytest.mark.parametrize(
    ("lines", "fate", "response"),
    [
        ([], Fate.FAILED, "550"),
        (["Status: 4.2.2"], Fate.DELAYED, "450 4.2.2"),
        (["Status: 2.1.5"], Fate.DELIVERED, "250 2.1.5"),
        (["Action: delayed"], Fate.DELAYED, "450"),
        (["Action: nonsense", "Status: nonsense"], Fate.FAILED, "550"),
        (["Action: failed", "Status: 5.7.1 (policy)", "Diagnostic-Code: smtp; no"], Fate.FAILED, "550 5.7.1 no"),
        (["Action: failed", "Status: 4.4.7", "Diagnostic-Code: smtp; 250 fine"], Fate.FAILED, "450 4.4.7 250 fine"),
        (["Diagnostic-Code: X-Postfix; host mx said: 552 5.2.2 full"], Fate.FAILED, "552 5.2.2 full"),
    ],
)
def test_what_is_missing_is_made_up_for(lines: list[str], fate: Fate, response: str) -> None:
    (found,) = told(report(RECIPIENT, *lines)).reports
    assert (found.action, str(found.response)) == (fate, f"dsn: {response}")


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("rfc822;Ben@FAR.test", "ben@far.test"),
        ("RFC822; <ben@far.test>", "ben@far.test"),
        ("ben@far.test", "ben@far.test"),
        ("utf-8; ren\\x{E9}@far.test", "rené@far.test"),
        ("utf-8; ben@b\u00fccher.test", "ben@bücher.test"),
        ("rfc822; ben@xn--bcher-kva.test", "ben@bücher.test"),
        ("x-local; Ben", "ben"),
        ("utf-8; \\x{110000}\\x{D800}", ""),
    ],
)
def test_a_recipient_has_one_form(text: str, address: str) -> None:
    assert told(report(f"Final-Recipient: {text}")).reports[0].recipient == address


def test_no_text_obeys_its_sender() -> None:
    found = told(
        report("Original-Envelope-Id: a\x1bb", "", RECIPIENT, "Diagnostic-Code: smtp; 550 \x1b[2J\x07no\u202e")
    )
    assert (found.original_envelope_id, found.reports[0].response.text) == ("a b", "[2J no")


def test_neither_recipients_nor_texts_nor_mails_are_read_without_end() -> None:
    many = "\n\n".join(
        f"Final-Recipient: rfc822; a{n}@far.test\nDiagnostic-Code: smtp; 550 {'x' * 1500}" for n in range(200)
    )
    found = told(report(many))
    assert len(found.reports) == MOST
    assert {len(each.response.text) for each in found.reports} == {LONGEST}
    assert bounce(b"From: MAILER-DAEMON\n" + b" " * LARGEST + MAILS["qmail"]) is None


# What isn't one

PERSON = "Return-Path: <ben@alpha.test>\nFrom: Ben <ben@alpha.test>\nTo: ann@alpha.test\n"
DAEMON = "Return-Path: <>\nFrom: MAILER-DAEMON@alpha.test\nTo: ann@alpha.test\n"
QMAIL = MAILS["qmail"].decode().partition("\n\n")[2]
POSTFIX = MAILS["postfix-bounce"].decode()
PARTS = POSTFIX.partition("\n\n")[2]
BOUNDARY = POSTFIX.partition('boundary="')[2].partition('"')[0]
ELSE = {
    "forwarded as an attachment": f"{PERSON}Subject: look\nContent-Type: multipart/mixed; boundary=x\n\n--x\n\n"
    f"Can you help?\n--x\nContent-Type: message/rfc822\n\n{POSTFIX}\n--x--\n",
    "forwarded with its parts": f'{PERSON}Content-Type: multipart/mixed; boundary="{BOUNDARY}"\n\n{PARTS}',
    "forwarded with its very form": f"{PERSON}Content-Type: multipart/report; report-type=delivery-status;"
    f' boundary="{BOUNDARY}"\n\n{PARTS}',
    "forwarded under its subject": POSTFIX.replace("Subject: Undelivered", "Subject: Fwd: Undelivered", 1),
    "resent": f"Resent-From: ben@alpha.test\n{POSTFIX}",
    "sent on by a list": f"List-Id: <help.alpha.test>\n{POSTFIX}",
    "a list's digest": "Return-Path: <help-bounces@alpha.test>\nFrom: help-request@alpha.test\nSubject: Digest\n"
    f"Content-Type: multipart/digest; boundary=x\n\n--x\n\n{POSTFIX}\n--x--\n",
    "quoted in a reply": f"{PERSON}Subject: Re: failure notice\n\nWhat is this?\n\n"
    + "".join(f"> {line}\n" for line in QMAIL.splitlines()),
    "pasted into a mail": f"{PERSON}Subject: help\n\n{QMAIL}",
    "pasted by the postmaster, who is a person": f"Return-Path: <postmaster@alpha.test>\n"
    f"From: Postmaster <postmaster@alpha.test>\nSubject: yours?\n\n{QMAIL}",
    "quoted by a vacation": "Return-Path: <>\nFrom: Ben <ben@alpha.test>\nAuto-Submitted: auto-replied\nSubject: away\n"
    f"\nI'm away. You wrote:\n\n{QMAIL}",
    "quoted in what a mail system says of something else": f"{DAEMON}Subject: weekly summary\n\nBounces seen:\n\n"
    + "".join(f"> {line}\n" for line in QMAIL.splitlines()),
    "far below in what a mail system says": f"{DAEMON}Subject: weekly summary\n\n{'Nothing here. ' * 200}\n{QMAIL}",
    "a newsletter about them": f"From: news@alpha.test\nSubject: Hi. This is the qmail-send program\n\n{QMAIL}",
    "a read receipt": f"{DAEMON}Content-Type: multipart/report; report-type=disposition-notification; boundary=b\n\n"
    "--b\n\nIt was read.\n--b\nContent-Type: message/disposition-notification\n\nFinal-Recipient: rfc822;ben@far.test\n"
    "Original-Message-ID: <a@alpha.test>\nDisposition: manual-action/MDN-sent-manually; displayed\n--b--\n",
    "a complaint": f"{DAEMON}Content-Type: multipart/report; report-type=feedback-report; boundary=b\n\n--b\n\nAn abuse"
    " report.\n--b\nContent-Type: message/feedback-report\n\nFeedback-Type: abuse\nOriginal-Rcpt-To: ben@far.test\n"
    f"--b\nContent-Type: message/rfc822\n\n{POSTFIX}\n--b--\n",
    "one that only returns another": f"{DAEMON}Content-Type: multipart/report; report-type=delivery-status; "
    f"boundary=x\n\n--x\n\nSee below.\n--x\nContent-Type: message/rfc822\n\n{POSTFIX}\n--x--\n",
    "a full mailbox's warning": f"{DAEMON}Subject: almost full\n\nann@alpha.test: 452 4.2.2 95 % used\n",
    "a letter": f"{PERSON}Subject: The walk on Sunday\n\nAt four?\n",
    "nothing": "",
}


@pytest.mark.parametrize("mail", ELSE.values(), ids=ELSE)
def test_a_mail_that_holds_a_notification_is_not_one(mail: str) -> None:
    assert bounce(mail.encode()) is None


def test_a_returned_message_cannot_speak_for_the_mail_system() -> None:
    inner = "Message-ID: <a@alpha.test>\n\nFinal-Recipient: rfc822; ann@alpha.test\nAction: failed"
    assert [each.recipient for each in told(report(RECIPIENT, returned=inner)).reports] == ["ben@far.test"]


# Anything at all


def sound(found: Bounce | None) -> None:
    """What everybody who reads a Bounce may rely on."""
    for each in found.reports if found else ():
        assert (each.recipient + each.response.text + (each.remote or "")).isprintable()
        assert max(len(each.response.text), len(each.recipient)) <= LONGEST
    assert found is None or 0 < len(found.reports) <= MOST
    assert found is None or found.message_id is None or found.message_id.isprintable()


@given(raw=st.binary(max_size=2000))
def test_any_bytes_get_an_answer(raw: bytes) -> None:
    sound(bounce(raw))
    sound(bounce(b"Return-Path: <>\nFrom: MAILER-DAEMON\n\nHi. This is the qmail-send program\n" + raw))


FIELD = st.sampled_from(
    [
        "Final-Recipient",
        "Original-Recipient",
        "Action",
        "Status",
        "Diagnostic-Code",
        "Remote-MTA",
        "Original-Message-ID",
    ]
)


@given(fields=st.lists(st.tuples(FIELD, st.text(max_size=80))))
def test_any_fields_get_an_answer(fields: list[tuple[str, str]]) -> None:
    lines = [f"{name}: {value}" for name, value in fields]
    sound(bounce(report(*lines).decode(errors="replace").encode() if lines else b""))


@settings(max_examples=300, deadline=None)
@given(name=st.sampled_from(sorted(MAILS)), data=st.data())
def test_a_mangled_notification_gets_an_answer(name: str, data: st.DataObject) -> None:
    raw = MAILS[name]
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(raw)))
        end = min(len(raw), start + data.draw(st.integers(0, 300)))
        raw = raw[:start] + data.draw(st.one_of(st.binary(max_size=20), st.just(raw[start:end] * 2))) + raw[end:]
    sound(bounce(raw))
