"""The shipped rules say of real answers what the study of them says, and go on saying it when the words vary."""

from __future__ import annotations

import re
from collections import Counter
from datetime import timedelta

import pytest

from tests.throttle.known import RULES, SLOWING, STUDIED, TABLES, UNSEEN, Known
from warmup.model import Action, Kind, Response, Stage, Verdict
from warmup.throttle import Rule, judge, quoted

# Line → why it is judged otherwise than the study has it. At most four of 140 may stand here.
MISSED: dict[str, str] = {}

PERMANENT = {Action.FAIL_MESSAGE, Action.DISABLE, Action.FIX_CONFIG, Action.DROP_RECIPIENT}


def verdicts(known: Known, reply: str | None = None) -> set[Verdict]:
    return {judge(quoted(stage, reply or known.reply), provider=known.provider, rules=RULES) for stage in known.stages}


def actions(known: Known, reply: str | None = None) -> set[Action]:
    return {verdict.action for verdict in verdicts(known, reply)}


def the(reply: str, stage: Stage = Stage.DOT, provider: str | None = None) -> Verdict:
    return judge(quoted(stage, reply), provider=provider, rules=RULES)


@pytest.mark.parametrize("known", STUDIED + UNSEEN, ids=lambda known: known.reply[:60])
def test_a_real_answer_gets_the_action_it_wants(known: Known) -> None:
    if known.reply not in MISSED:
        assert actions(known) == {known.action}, verdicts(known)


def test_few_answers_are_missed_no_throttle_is_false_and_none_is_taken_for_permanent() -> None:
    assert len(STUDIED) == 140
    missed = {known.reply for known in STUDIED if actions(known) != {known.action}}
    assert missed == set(MISSED)
    assert len(missed) <= 4
    assert not [known for known in STUDIED if known.action not in SLOWING and actions(known) & SLOWING]
    assert not [known for known in STUDIED if known.action in SLOWING and actions(known) & PERMANENT]


@pytest.mark.parametrize("rule", RULES.ordered, ids=lambda rule: rule.name)
def test_every_rule_quotes_real_lines_and_speaks_of_them_itself(rule: Rule) -> None:
    assert rule.line
    provider = min(rule.providers, default=None)
    for line in rule.line:
        spoken = {the(line, stage, provider).rule for stage in rule.stages}
        assert rule.name in spoken, f"{line!r} is spoken of by {spoken}"


def test_the_quoted_lines_are_known_elsewhere_or_are_said_to_be_built() -> None:
    """A line is in the CSV files, or begins one, or is an IMAP server's, or a code with nothing that a rule knows."""
    real = [known.reply for known in STUDIED + UNSEEN]
    bare = re.compile(r"\d{3} [245]\.\d\.\d+ (?:<user@example\.com>|5b1f17b1804b1-43a1d8cd13(?: - gsmtp)?)$")
    strays = [
        line
        for rule in RULES.ordered
        for line in rule.line
        if not any(reply.startswith(line[:60]) for reply in real)
        and not line.startswith(("NO ", "BAD ", "BYE "))
        and not bare.match(line)
    ]
    assert not strays, "\n".join(strays)


def test_there_are_fewer_rules_than_answers_and_each_name_is_one_line() -> None:
    assert len(RULES.ordered) < 90
    assert all(table["name"].isprintable() and len(table["name"]) < 60 for table in TABLES)


def test_provider_words_come_before_anybodys_and_codes_come_last() -> None:
    wordless = [not rule.pattern for rule in RULES.ordered]
    assert wordless == sorted(wordless)
    by_basic_code = [not rule.pattern and not rule.enhanced for rule in RULES.ordered]
    assert by_basic_code == sorted(by_basic_code)


# ---- the same answers in other words

VARIED = {
    "the whole in capitals": str.upper,
    "the whole in small letters": str.lower,
    "mail for email": lambda reply: re.sub(r"\bemail\b", "mail", re.sub(r"\bEmail\b", "Mail", reply)),
    "email for mail": lambda reply: re.sub(r"(?<![\w./-])mail(?=[ .,])", "email", reply),
    "another address": lambda reply: re.sub(r"192\.0\.2\.\d+", "198.51.100.203", reply),
    "an address of IPv6": lambda reply: re.sub(r"192\.0\.2\.\d+", "2001:db8:85a3::8a2e:370:7334", reply),
    "an address in brackets": lambda reply: re.sub(r"\[?(192\.0\.2\.\d+)\]?", r"[\1]", reply),
    "an address without brackets": lambda reply: re.sub(r"\[(192\.0\.2\.\d+)\]", r"\1", reply),
    "another host": lambda reply: re.sub(
        r"[\w-]+\.(?:eop-\w+\.)?prod\.(?:protection\.)?outlook\.com", "PR3.example", reply
    ),
    "another domain": lambda reply: reply.replace("example.com", "a-quite-long-name.example.co.uk"),
    "another queue id": lambda reply: reply.replace("5b1f17b1804b1-43a1d8cd13", "d9443c01a7336-21f8b3a9e1csm7d-9h.4"),
    "no signature": lambda reply: reply.replace(" - gsmtp", ""),
    "a help page at the end": lambda reply: (
        reply + " For more information see https://support.example.net/help?p=Error#550"
    ),
    "a request id at the end": lambda reply: reply + " [request 4f2a91c7]",
    "no full stop": lambda reply: reply.rstrip("."),
    "no commas": lambda reply: reply.replace(",", ""),
    "wide spaces": lambda reply: reply.replace(" ", "  "),
    "typographic quotes": lambda reply: reply.replace("'", "’"),
    "a dash after the code": lambda reply: re.sub(r"^(\d{3}) ", r"\1-", reply),
    "quoted in a report": lambda reply: "smtp; " + reply,
    "on two lines": lambda reply: re.sub(r"^((\d{3})[ -](\d\.\d+\.\d+)? ?)(.*?) (.*)$", r"\2-\3 \4\n\2 \3 \5", reply),
}


@pytest.mark.parametrize("change", VARIED.values(), ids=VARIED)
@pytest.mark.parametrize("files", [STUDIED, UNSEEN], ids=["studied", "unseen"])
def test_the_judgement_stays_when_the_words_vary(files: list[Known], change: object) -> None:
    assert callable(change)
    swayed = [(change(known.reply), verdicts(known, change(known.reply))) for known in files]
    wrong = [
        f"{reply}: {judged}"
        for known, (reply, judged) in zip(files, swayed, strict=True)
        if {verdict.action for verdict in judged} != {known.action}
    ]
    assert not wrong, "\n".join(wrong)


def test_most_answers_are_judged_alike_without_their_enhanced_code() -> None:
    coded = [known for known in STUDIED if re.match(r"\d{3}[ -][245]\.\d", known.reply)]
    kept = [known for known in coded if actions(known, re.sub(r"^(\d{3}).\S+ ", r"\1 ", known.reply)) == {known.action}]
    assert len(kept) >= 0.95 * len(coded)


def test_no_answer_without_its_enhanced_code_is_a_false_throttle() -> None:
    for known in STUDIED + UNSEEN:
        bare = re.sub(r"^(\d{3})[ -][245]\.\d+\.\d+ ", r"\1 ", known.reply)
        if known.action not in SLOWING:
            assert not actions(known, bare) & SLOWING, bare


# ---- how far a ramp falls, and how long is waited


def test_a_ramp_falls_by_half_for_a_rate_by_a_quarter_for_a_hint_and_not_for_a_servers_trouble() -> None:
    rate = the("421 4.7.28 Gmail has detected an unusual rate of email originating from your IP address 192.0.2.10.")
    hint = the("550 5.7.1 [192.0.2.10] this message is suspicious due to the very low reputation of the sending IP")
    assert (rate.setback, rate.kind) == (0.5, Kind.RATE)
    assert (hint.setback, hint.kind) == (0.75, Kind.REPUTATION)
    for action in Action:
        for known in STUDIED:
            if known.action is action and action not in {Action.PAUSE_LANE, Action.PAUSE_MAILBOX}:
                assert {verdict.setback for verdict in verdicts(known)} == {1.0}, known.reply


def test_the_study_and_the_rules_agree_on_what_is_a_hint_at_reputation() -> None:
    lanes = Counter(
        (known.meaning.split(":")[0], verdict.kind)
        for known in STUDIED
        if known.action is Action.PAUSE_LANE and known.meaning.startswith(("throttle_rate", "reputation"))
        for verdict in verdicts(known)
    )
    assert set(lanes) == {("throttle_rate", Kind.RATE), ("reputation", Kind.REPUTATION)}


@pytest.mark.parametrize(
    "reply",
    [
        "421 4.4.1 No answer from host",
        "451 4.4.3 Name server failure: temporary DNS error",
        "421 4.4.2 Connection dropped due to TimedOut",
        "450 4.4.1 connect to mx.example.com[192.0.2.9]:25: Connection refused",
        "421 4.4.0 Remote host mx.example.com timed out",
    ],
)
def test_a_host_that_does_not_answer_is_nobodys_fault(reply: str) -> None:
    for stage in (Stage.CONNECT, Stage.RCPT, Stage.DOT, Stage.DSN):
        verdict = the(reply, stage)
        assert (verdict.action, verdict.setback) == (Action.RETRY_LATER, 1.0)
        assert verdict.wait == timedelta(minutes=15)


def test_a_message_that_is_too_big_is_the_messages_trouble() -> None:
    assert the("552 5.3.4 Message size exceeds fixed maximum message size").action is Action.FAIL_MESSAGE


def test_a_daily_quota_waits_a_day_unless_its_end_is_named() -> None:
    full = the("550 5.4.5 Daily user sending limit exceeded.")
    assert (full.action, full.kind, full.wait) == (Action.PAUSE_MAILBOX, Kind.QUOTA, timedelta(hours=24))
    named = the("550 user@example.com has exceeded its 24-hour sending limit. Relay quota will reset in 3.2 hours.")
    assert named.wait == timedelta(hours=3.2)


def test_a_text_about_the_domain_speaks_for_all_its_mailboxes() -> None:
    dkim = the("421 4.7.28 Gmail has detected an unusual rate of mail originating from your DKIM domain example.com.")
    spf = the(
        "421 4.7.28 Gmail has detected an unusual rate of mail originating from your SPF domain [example.org 36]."
    )
    address = the("421 4.7.28 Gmail has detected an unusual rate of mail originating from your IP address 192.0.2.10.")
    assert (dkim.domain, spf.domain, address.domain) == (True, True, False)


def test_the_waits_of_throttles_are_the_providers() -> None:
    assert the("421 4.7.0 [TSS04] Messages from 192.0.2.25 temporarily deferred").wait == timedelta(hours=4)
    assert the("421 RP-001 The mail server IP has exceeded the rate limit allowed.").wait == timedelta(hours=2)
    assert the("451 4.7.1 Greylisted for 10 minutes", Stage.RCPT).wait == timedelta(minutes=10)


def test_too_much_mail_holds_the_mailbox_where_we_submit_and_the_lane_where_a_receiver_says_it() -> None:
    reply = "450 4.7.1 Error: too much mail from 192.0.2.10"
    assert the(reply, Stage.MAIL).action is Action.PAUSE_MAILBOX
    assert the(reply, Stage.DSN).action is Action.PAUSE_LANE


def test_one_code_means_this_at_google_and_that_at_microsoft() -> None:
    assert the("550 5.7.30 refused", provider="google").action is Action.FIX_CONFIG
    assert the("550 5.7.30 refused", provider="microsoft").action is Action.DISABLE


# ---- IMAP


@pytest.mark.parametrize(
    ("text", "action", "kind", "wait"),
    [
        (
            "BAD Request is throttled. Suggested Backoff Time: 299961 milliseconds",
            Action.PAUSE_MAILBOX,
            Kind.LOGIN,
            299.961,
        ),
        ("NO [LIMIT] LOGIN Rate limit hit.", Action.PAUSE_MAILBOX, Kind.LOGIN, 3600),
        (
            "NO [OVERQUOTA] Account exceeded command or bandwidth limits. (Failure)",
            Action.PAUSE_MAILBOX,
            Kind.TROUBLE,
            86400,
        ),
        ("NO [ALERT] Too many simultaneous connections. (Failure)", Action.REDUCE_CONNECTIONS, Kind.TROUBLE, 300),
        ("NO [UNAVAILABLE] Temporary authentication failure.", Action.RETRY_LATER, Kind.TROUBLE, 900),
        ("BYE going down", Action.RETRY_LATER, Kind.TROUBLE, 900),
        ("NO [PRIVACYREQUIRED] no", Action.FIX_CONFIG, Kind.TROUBLE, None),
        ("NO [AUTHENTICATIONFAILED] Invalid credentials (Failure)", Action.DISABLE, Kind.TROUBLE, None),
        ("NO [EXPIRED] Password expired", Action.DISABLE, Kind.TROUBLE, None),
    ],
)
def test_what_an_imap_server_says_at_login(text: str, action: Action, kind: Kind, wait: float | None) -> None:
    verdict = the(text, Stage.LOGIN)
    assert (verdict.action, verdict.kind, verdict.setback) == (action, kind, 1.0)
    assert verdict.wait == (None if wait is None else timedelta(seconds=wait))


@pytest.mark.parametrize("stage", [Stage.SELECT, Stage.FETCH])
def test_imap_commands_that_are_throttled_wait_and_set_no_ramp_back(stage: Stage) -> None:
    for text in (
        "NO [LIMIT] UID FETCH Rate limit hit",
        "BYE [OVERQUOTA] Account exceeded command or bandwidth limits.",
    ):
        verdict = the(text, stage)
        assert (verdict.action, verdict.kind, verdict.setback) == (Action.PAUSE_MAILBOX, Kind.TROUBLE, 1.0)
    assert the("NO [OVERQUOTA] Mailbox is full", stage).action is Action.RETRY_LATER


def test_a_positive_answer_is_accepted_whatever_it_says() -> None:
    assert judge(Response(Stage.DOT, 250, None, "Ok, but rate limit exceeded"), rules=RULES).action is Action.ACCEPTED
