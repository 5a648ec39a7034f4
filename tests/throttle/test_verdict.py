"""Every answer has a verdict; without rules it is the one that stage and basic code promise."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.throttle.known import RULES, STUDIED, UNSEEN
from warmup.model import Action, Kind, Response, Scope, Stage, Verdict
from warmup.throttle import Rules, Waits, elsewhere, quoted, scope
from warmup.throttle import judge as judge_by

BEFORE_MAIL = [Stage.CONNECT, Stage.TLS, Stage.EHLO, Stage.AUTH]
FROM_MAIL_ON = [Stage.MAIL, Stage.RCPT, Stage.DATA, Stage.DOT]
PAUSES = {Action.PAUSE_LANE, Action.PAUSE_MAILBOX}
ENDING = PAUSES | {Action.PAUSE_RECIPIENT, Action.REDUCE_CONNECTIONS, Action.RETRY_LATER}
WITHOUT_RULES = Rules()
PHRASES = [known.reply[4:] for known in STUDIED + UNSEEN]

responses = st.builds(
    Response,
    stage=st.sampled_from(Stage),
    code=st.integers(-1000, 10_000),
    enhanced=st.none() | st.from_regex(r"[245]\.[0-9]{1,3}\.[0-9]{1,3}", fullmatch=True),
    text=st.text() | st.sampled_from(PHRASES) | st.binary().map(lambda raw: raw.decode("latin-1")),
)


def said(stage: Stage, code: int) -> Response:
    return Response(stage, code, None, "whatever")


def judge(response: Response, provider: str | None = None, waits: Waits | None = None) -> Verdict:
    """Without rules."""
    return judge_by(response, rules=WITHOUT_RULES, provider=provider, waits=waits or Waits())


def no_service(response: Response) -> bool:
    """A refusal for good before any message was named, that isn't about the sign-in."""
    early = response.stage.before_mail and response.stage is not Stage.AUTH
    return early and 500 <= response.code < 600 and response.code not in {530, 534, 535, 538}


@given(response=responses, provider=st.none() | st.text())
def test_every_answer_has_a_verdict_that_explains_itself(response: Response, provider: str | None) -> None:
    verdict = judge(response, provider=provider)
    assert verdict.rule
    assert 0 <= verdict.setback <= 1


@given(response=responses, provider=st.none() | st.text())
def test_with_rules_every_answer_has_a_verdict_too(response: Response, provider: str | None) -> None:
    verdict = judge_by(response, provider=provider, rules=RULES)
    assert verdict.rule
    assert 0 <= verdict.setback <= 1
    assert (verdict.action is Action.ACCEPTED) == response.positive
    assert (verdict.wait is not None and verdict.wait > timedelta(0)) == (verdict.action in ENDING)
    assert verdict.setback == 1 or verdict.action in PAUSES


@given(response=responses)
def test_only_a_positive_answer_is_accepted(response: Response) -> None:
    assert (judge(response).action is Action.ACCEPTED) == response.positive


@given(response=responses)
def test_only_a_server_that_serves_nobody_pauses(response: Response) -> None:
    assert (judge(response).action in PAUSES) == no_service(response)


@given(response=responses)
def test_every_pause_and_every_retry_ends_by_itself(response: Response) -> None:
    verdict = judge(response)
    ends = verdict.wait is not None and verdict.wait > timedelta(0)
    assert ends == (verdict.action in PAUSES | {Action.RETRY_LATER})


@given(response=responses)
def test_a_code_alone_sets_no_ramp_back(response: Response) -> None:
    assert judge(response).setback == 1


@given(response=responses)
def test_only_a_5yz_is_final(response: Response) -> None:
    final = judge(response).action in {Action.FAIL_MESSAGE, Action.DISABLE}
    assert final == (500 <= response.code < 600 and not no_service(response))


@pytest.mark.parametrize("stage", BEFORE_MAIL + FROM_MAIL_ON)
def test_a_421_without_a_word_is_tried_again(stage: Stage) -> None:
    verdict = judge(said(stage, 421))
    assert (verdict.action, verdict.wait) == (Action.RETRY_LATER, timedelta(minutes=15))


@pytest.mark.parametrize("code", [500, 504, 530, 534, 535, 538, 550, 599])
def test_a_refusal_at_sign_in_waits_for_a_person(code: int) -> None:
    assert judge(said(Stage.AUTH, code)) == Verdict(action=Action.DISABLE, rule="sign-in refused")


@pytest.mark.parametrize("stage", FROM_MAIL_ON)
def test_authentication_required_waits_for_a_person_at_any_stage(stage: Stage) -> None:
    assert judge(said(stage, 530)).action is Action.DISABLE


@pytest.mark.parametrize("code", [432, 454])
def test_a_temporary_failure_at_sign_in_is_no_wrong_password(code: int) -> None:
    verdict = judge(said(Stage.AUTH, code))
    assert (verdict.action, verdict.wait) == (Action.RETRY_LATER, timedelta(minutes=15))


@pytest.mark.parametrize("stage", FROM_MAIL_ON)
@pytest.mark.parametrize(("code", "action"), [(451, Action.RETRY_LATER), (550, Action.FAIL_MESSAGE)])
def test_the_first_digit_decides_the_rest(stage: Stage, code: int, action: Action) -> None:
    assert judge(said(stage, code)).action is action


@pytest.mark.parametrize("code", [-1, 0, 99, 120, 199, 600, 999])
def test_a_code_that_smtp_does_not_know_is_tried_again(code: int) -> None:
    assert judge(said(Stage.DOT, code)).action is Action.RETRY_LATER


def test_waits_come_from_the_operator() -> None:
    waits = Waits(mailbox=timedelta(hours=2), retry=timedelta(minutes=4))
    assert judge(said(Stage.EHLO, 554), waits=waits).wait == timedelta(hours=2)
    assert judge(said(Stage.RCPT, 421), waits=waits).wait == timedelta(minutes=4)
    assert judge(said(Stage.RCPT, 450), waits=waits).wait == timedelta(minutes=4)
    assert judge(said(Stage.RCPT, 7), waits=waits).wait == timedelta(minutes=4)


@pytest.mark.parametrize(
    "text",
    [
        "NO whatever",
        "BAD Request is throttled. Suggested Backoff Time: 299961 milliseconds",
        "NO [UNAVAILABLE] Temporary authentication failure.",
        "NO [ALERT] Too many simultaneous connections. (Failure)",
        "BYE going down",
    ],
)
def test_an_imap_servers_refusal_has_no_code_and_is_tried_again(text: str) -> None:
    assert judge(Response(Stage.LOGIN, 0, None, text)).action is Action.RETRY_LATER


@given(response=responses, provider=st.none() | st.text())
def test_nothing_but_a_hosts_own_trouble_is_a_reason_to_go_elsewhere(response: Response, provider: str | None) -> None:
    verdict = judge_by(response, provider=provider, rules=RULES)
    if elsewhere(verdict, response):
        assert verdict.action in {Action.REDUCE_CONNECTIONS, Action.RETRY_LATER}
        assert (verdict.kind, verdict.setback, verdict.domain) == (Kind.TROUBLE, 1, False)
        assert scope(verdict, response.stage) is Scope.HOST or response.stage in {Stage.CONNECT, Stage.EHLO}


@pytest.mark.parametrize("stage", BEFORE_MAIL)
def test_no_real_throttle_no_quota_and_no_refusal_is_a_reason_to_go_elsewhere(stage: Stage) -> None:
    kept = {Action.PAUSE_MAILBOX, Action.PAUSE_LANE, Action.DISABLE, Action.FIX_CONFIG}
    seen = 0
    for known in STUDIED + UNSEEN:
        if known.action in kept:
            response = quoted(stage, known.reply)
            assert not elsewhere(judge_by(response, rules=RULES), response), known.reply
            seen += 1
    assert seen > 50


@pytest.mark.parametrize(
    ("line", "stage", "goes"),
    [
        ("421 4.7.0 Too many concurrent SMTP connections from this IP address", Stage.CONNECT, True),
        ("421 4.3.2 Service not available, closing transmission channel", Stage.CONNECT, True),
        ("421 4.3.2 System not accepting network messages", Stage.EHLO, True),
        ("421 Service Temporarily Unavailable", Stage.CONNECT, True),
        ("421 4.3.2 System not accepting network messages", Stage.AUTH, False),  # it knows who we are
        ("454 TLS not available due to temporary reason", Stage.TLS, False),  # somebody in the middle would say so
        ("421 4.7.0 Try again later, closing connection.", Stage.CONNECT, False),  # by policy: it may be our volume
        ("421 4.7.28 An unusual rate of email from your account has been detected", Stage.CONNECT, False),
        ("454 4.7.0 Too many login attempts, please try again later.", Stage.AUTH, False),
        ("535 5.7.8 Username and Password not accepted", Stage.AUTH, False),
        ("554 5.3.2 No service", Stage.CONNECT, False),
        ("451 4.3.0 Mail server temporarily rejected message", Stage.RCPT, False),
    ],
)
def test_where_another_server_may_be_asked(line: str, stage: Stage, goes: bool) -> None:
    response = quoted(stage, line)
    assert elsewhere(judge_by(response, rules=RULES), response) is goes


def test_an_operators_rule_that_calls_connections_a_rate_keeps_a_mailbox_where_it_is() -> None:
    verdict = Verdict(action=Action.REDUCE_CONNECTIONS, rule="ours", kind=Kind.RATE, setback=0.5)
    assert not elsewhere(verdict, said(Stage.CONNECT, 421))
