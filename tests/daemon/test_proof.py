"""A refused sign-in is told with what can be done about it, at that provider."""

from __future__ import annotations

from dataclasses import replace

import pytest

from warmup.config import Known, directory, load
from warmup.daemon.proof import Claim, advice_on
from warmup.model import Endpoint, Response, Security, Stage

CONFIG = load(None, {"STATE_DIRECTORY": "state"})
SMTP = "535 5.7.8 Username and Password not accepted."


def known(name: str) -> Known:
    return next(one for one in directory().known if one.name == name)


def advised(one: Known, stage: Stage, text: str) -> str:
    address = f"ann@{next(iter(one.domains), 'example.test')}"
    claim = Claim(address=address, login=address, smtp=one.smtp, imap=one.imap)
    return advice_on(claim, one.imap if stage is Stage.LOGIN else one.smtp, refused(stage, text), CONFIG)


def refused(stage: Stage, text: str) -> Response:
    if stage is Stage.LOGIN:
        return Response(stage, 0, None, text)
    code, enhanced, words = text.split(" ", 2)
    return Response(stage, int(code), enhanced, words)


@pytest.mark.parametrize(
    ("name", "stage", "text", "told"),
    [
        ("gmail", Stage.AUTH, SMTP, ["it wants an app password, which needs 2-Step Verification, or OAuth."]),
        (
            "gmail",
            Stage.LOGIN,
            "NO [ALERT] Your account is not enabled for IMAP use. Please visit your Gmail settings page",
            ["Gmail never takes the account's own password", "switch IMAP on in the mailbox's settings"],
        ),
        (
            "microsoft365",
            Stage.AUTH,
            "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant.",
            ["an administrator allows SMTP AUTH for the mailbox", "https://aka.ms/smtp_auth_disabled"],
        ),
        (
            "outlook",
            Stage.LOGIN,
            "NO LOGIN failed.",
            ["takes no passwords from mail programs since September 2024"],
        ),
        ("icloud", Stage.LOGIN, "NO [AUTHENTICATIONFAILED] Authentication Failed", ["wants an app-specific password"]),
        ("freenet", Stage.AUTH, "535 5.7.8 Incorrect authentication data", ["POP3, IMAP and SMTP allowed once"]),
    ],
)
def test_a_known_provider_has_words_of_its_own(name: str, stage: Stage, text: str, told: list[str]) -> None:
    advice = advised(known(name), stage, text)
    assert [words for words in told if words not in advice] == []
    assert "many providers want" not in advice
    assert "\n" not in advice


def test_other_servers_get_what_is_said_of_such_answers_in_general() -> None:
    server = Endpoint("mail.example.test", 465, Security.TLS)
    advice = advised(replace(known("gmail"), smtp=server), Stage.AUTH, SMTP)
    assert advice.startswith("; User name or password aren't taken; many providers want an app password")
