"""The presets say what was published, the template says what holds, and everything packed can be read."""

import re
from pathlib import Path

import pytest

from warmup.config import Config, load, template
from warmup.curves import Exponential, Linear, Logistic, Steps
from warmup.errors import ConfigError

BARE = load(None, {"HOME": "/home/ann"})

SALESHANDY = [10, 11, 12, 13, 15, 16, 18, 19, 21, 24, 26, 29, 31, 35, 38, 42, 46, 51, 56, 61, 67, 74, 81, 90]
SALESHANDY += [98, 108, 119, 131, 144, 159, 174, 192, 200]

# Day, counted from 1, to the volume that was published for it.
PUBLISHED: dict[str, dict[int, int]] = {
    "steady": {1: 2, 2: 3, 29: 30, 99: 30},
    "exponential": {1: 2, 99: 40},
    "logistic": {1: 2, 43: 40},
    "instantly-recommended": {1: 1, 2: 2, 9: 9, 10: 10, 11: 10},
    "smartlead-example": dict(enumerate([5, 7, 9, 11, 13, 15, 17, 19, 20, 20], start=1)),
    "smartlead-table": {1: 5, 2: 7, 3: 9, 5: 10, 10: 15, 20: 20, 21: 20},
    "lemwarm-example": dict(enumerate([5, 10, 15, 20, 25, 30, 30], start=1)),
    "mailbeast-standard": {1: 5, 2: 6, 15: 19, 16: 20, 17: 20},
    "mailbeast-aggressive": dict(enumerate([7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 28, 28], start=1)),
    "mailtoaster-ramp": {1: 3, 2: 6, 3: 9, 16: 48, 17: 50},
    "saleshandy-example": dict(enumerate(SALESHANDY, start=1)),
    "revrep": {1: 3, 8: 14, 15: 25, 30: 25},
    "deepsyte-age": {1: 5, 8: 5, 9: 10, 15: 10, 16: 15, 23: 20, 32: 25, 47: 30, 62: 35, 91: 35, 92: 40},
    "agency-skill": {1: 10, 3: 10, 7: 30, 8: 30, 14: 30, 15: 50, 22: 80, 29: 120},
    "warmcraft-linear30": {1: 5, 2: 22, 3: 39, 4: 56, 5: 73, 6: 90, 7: 107, 30: 500},
    "saleswhale": {1: 20, 90: 20, 91: 100},
    "mailrush": {1: 150, 3: 150, 4: 200, 10: 200, 11: 250, 31: 350, 46: 500, 61: 600, 76: 750, 90: 750, 91: 1000},
    "sendgrid-automated-hourly": {1: 20, 12: 810, 13: 1000, 14: 1587, 42: 19601056},
    "sparkpost-daily": {1: 200, 2: 500, 15: 325000, 28: 7500000, 29: 10000000},
    "braze-conservative": {1: 50, 4: 100, 7: 500, 10: 1000, 13: 2000, 16: 4000, 19: 8000, 21: 8000},
    "braze-moderate": {1: 50, 8: 16000, 20: 825000, 21: 1000000},
    "braze-aggressive": {1: 50, 5: 5000, 16: 2000000, 17: 4000000},
    "ses-standard": {1: 2, 45: 100},
    "msg91": dict(enumerate([500, 1000, 2000, 3000, 5000, 7000, 10000, 12000], start=1)),
}
FOR_AN_IP = {
    "mailrush",
    "sendgrid-automated-hourly",
    "sparkpost-daily",
    "braze-conservative",
    "braze-moderate",
    "braze-aggressive",
    "ses-standard",
    "msg91",
}


def test_every_preset_is_checked_here() -> None:
    assert BARE.presets.keys() == PUBLISHED.keys()


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_preset_names_its_source_and_says_what_was_published(name: str) -> None:
    preset = BARE.presets[name]
    assert preset.source
    assert {day: preset.curve.volume(day - 1) for day in PUBLISHED[name]} == PUBLISHED[name]


def test_there_is_a_preset_of_each_kind() -> None:
    assert {type(preset.curve) for preset in BARE.presets.values()} == {Linear, Exponential, Logistic, Steps}


def test_presets_made_for_an_ip_address_are_no_ramps_without_a_cap() -> None:
    assert {name for name, preset in BARE.presets.items() if preset.needs_cap} == FOR_AN_IP
    assert BARE.ramps.keys() == PUBLISHED.keys() - FOR_AN_IP
    with pytest.raises(ConfigError, match=r"'msg91' is made for an IP address; set cap in \[ramp\]"):
        BARE.ramp("msg91")


def test_the_template_as_it_is_written_says_the_same_as_no_file(tmp_path: Path) -> None:
    assert from_file(tmp_path, template()) == from_file(tmp_path, None)


def test_every_default_in_the_template_is_the_real_one(tmp_path: Path) -> None:
    uncommented = re.sub(r"(?m)^#(?=[a-z_]+ = )", "", template())
    assert uncommented != template()
    assert from_file(tmp_path, uncommented) == from_file(tmp_path, None)


def test_every_example_in_the_template_can_be_used(tmp_path: Path) -> None:
    (tmp_path / "templates").mkdir()
    authority = tmp_path / "authority.pem"
    authority.touch()
    text = re.sub(r"(?m)^# (?=[a-z_]+ = |\[)", "", template()).replace("/etc/ssl/our-authority.pem", str(authority))
    config = from_file(tmp_path, text)
    assert config.ramp("careful").volume(7) == 4
    assert config.ramp("msg91").top == 40
    assert config.authorities == authority
    assert config.key == Path("/etc/warmup/warmup.key")
    assert config.mta_log == "/var/log/mail.log"
    assert config.client("microsoft").token == "https://login.microsoftonline.com/example.org/oauth2/v2.0/token"
    assert sorted(config.clients) == ["example", "google", "microsoft"]
    assert config.rules.ordered[0].name == "our relay: hourly limit"


def test_the_template_names_every_key_there_is(tmp_path: Path) -> None:
    named = set(re.findall(r"(?m)^#? ?\[?([a-z_]+)(?: = |\]$)", template()))
    everything = "nonsense = 1\n" + "".join(
        f"[{section}]\nnonsense = 1\n"
        for section in (
            "ramp",
            "hours",
            "pool",
            "replies",
            "mail",
            "smtp",
            "imap",
            "dns",
            "mta",
            "throttle",
            "placement",
            "notify",
            "doctor",
            "service",
            "web",
        )
    )
    with pytest.raises(ConfigError) as caught:
        from_file(tmp_path, everything)
    known = {key for line in str(caught.value).splitlines() for key in line.partition("known here: ")[2].split(", ")}
    assert len(known) > 50
    # Shown by examples, [curves.careful], [oauth.google] and [[throttle.rule]].
    assert known - named == {"curves", "oauth", "rule"}


def from_file(state: Path, text: str | None) -> Config:
    """With the file in the state directory, so that relative paths mean what no path means."""
    if text is None:
        return load(None, {"STATE_DIRECTORY": str(state)})
    file = state / "warmup.toml"
    file.write_text(text)
    return load(file, {"STATE_DIRECTORY": str(state)})
