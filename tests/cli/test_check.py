"""`warmup check`: what is wrong, told with the place where it is to be mended."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from .hand import WARMUP, Hand, Servers

BROKEN = {  # what is in the file → the line and key that are told
    "[ramp]\ncurve = 'stedy'": "2: ramp.curve: there is no curve 'stedy'; did you mean steady?",
    "# ours\n\n[ramp]\njitter = 5": "4: ramp.jitter: is 5; write a number from 0 to 0.5",
    "[ramp]\ncurve = steady": "2: curve: not TOML: invalid value; write key = value, with text in quotes",
    "[hours]\nfrom = '9:00'": "2: hours.from: is '9:00'; write a time of day",
    "[hours]\nfrom = '18:00'\nto = '09:00'": "3: hours.to: closes at 09:00, before it opens",
    "[hours]\ndays = [\n  'mon',\n  'tues',\n]": "4: hours.days[1]: is 'tues'; write one of mon, tue",
    "[pool]\ngap = 5": "2: pool.gap: is 5; write a time with its unit",
    "[pool.weights]\nGoogle = 2": "2: pool.weights.Google: 'Google' won't do; write a provider's name",
    "[curves.mine]\nkind = 'linear'\nstart = 9\nstep = 1\nceiling = 3": "1: curves.mine: start 9 is above the ceiling",
    "[curves.mine]\nstart = 9": "1: curves.mine.kind: is missing; write one of linear",
    "[mail]\nlabel = 'Subject'": "2: mail.label: 'Subject' won't do; write a header field of your own",
    "[mail]\ntemplates = 'none'": "2: mail.templates: there is no folder",
    "[smtp]\ntimeout = '5m'": "2: smtp.timeout: unknown key; ",
    "[sevice]\nlog = 'json'": "1: sevice: unknown section; did you mean service?",
    "database = 'mysql://x'": "1: database: isn't the URL of a database; write sqlite:///PATH",
    "[service]\nstop_within = '0s'": "2: service.stop_within: is '0s'; write",
}


@pytest.mark.parametrize(("text", "told"), BROKEN.items(), ids=[told.partition(";")[0] for told in BROKEN.values()])
def test_a_broken_configuration_is_told_with_file_line_and_key(hand: Hand, text: str, told: str) -> None:
    Path("mine.toml").write_text(text)
    result = hand.types("check", "--config", "mine.toml")
    assert result.exit_code == 78
    heading, row = result.stdout.splitlines()
    assert heading == "WHAT\tFINE\tSAYS"
    assert row.startswith(f"configuration\tno\tmine.toml:{told}"), row
    assert result.stderr == "warmup: 1 thing to mend\n"


def test_every_mistake_is_told_at_once(hand: Hand) -> None:
    Path("warmup.toml").write_text("[ramp]\njitter = 5\ncap = 0\n[hours]\nto = 'noon'\n")
    result = hand.types("check")
    assert [row.split("\t")[2].rpartition(": ")[0].split(": is")[0] for row in result.stdout.splitlines()[1:]] == [
        "warmup.toml:2: ramp.jitter",
        "warmup.toml:3: ramp.cap",
        "warmup.toml:5: hours.to",
    ]
    assert result.stderr == "warmup: 3 things to mend\n"
    assert hand.errs("status") == (78, [row.split("\t")[2] for row in result.stdout.splitlines()[1:]])


def test_a_process_that_checks_a_broken_configuration_ends_with_ex_config(hand: Hand) -> None:
    Path("warmup.toml").write_text("[ramp]\njitter = 5\n")
    done = subprocess.run((*WARMUP, "check"), capture_output=True, text=True, check=False)
    assert done.returncode == os.EX_CONFIG
    assert "warmup.toml:2: ramp.jitter: is 5" in done.stdout


def test_a_bad_template_is_told_with_its_file_and_line(hand: Hand) -> None:
    Path("templates").mkdir()
    Path("templates/own.j2").write_text(
        "{% macro subject() %}Tea{% endmacro %}\n{% macro turn1() %}{{ x }}{% endmacro %}"
    )
    Path("warmup.toml").write_text("[mail]\ntemplates = 'templates'\n")
    result = hand.types("check")
    assert result.exit_code == 78
    assert f"{hand.folder}/templates/own.j2:2: " in result.stdout


def test_a_missing_database_is_told_with_how_to_make_it(hand: Hand) -> None:
    Path("warmup.toml").write_text('database = "sqlite:///warmup.db"\n')
    result = hand.types("check")
    assert result.exit_code == 74
    assert f"database\tno\t{hand.folder}/warmup.db: there is no database; create it with: warmup init" in result.stdout


def test_what_a_mailbox_lacks_is_told_by_its_address(pool: Hand, servers: Servers) -> None:
    ann, ben, clara = servers.addresses[:3]
    (pool.folder / "credentials" / ann).unlink()
    (pool.folder / "credentials" / ben).chmod(0o644)
    with Path("warmup.toml").open("a") as file:
        file.write("\n[curves.gone]\nkind = 'steps'\ntable = [1]\n")
    pool.does("mailbox", "set", clara, "--curve", "gone")
    text = Path("warmup.toml").read_text()
    Path("warmup.toml").write_text(text.partition("\n[curves.gone]")[0])
    result = pool.types("check")
    assert result.exit_code == 77
    wrong = {row.split("\t")[0]: row.split("\t")[2] for row in result.stdout.splitlines() if "\tno\t" in row}
    assert wrong.keys() == {ann, ben, clara}
    assert wrong[ann].startswith(f"there is no credential {ann!r} in {pool.folder}/credentials")
    assert "is open to other users; chmod 600" in wrong[ben]
    assert wrong[clara].startswith("there is no curve 'gone'")


def test_check_can_sign_in_to_every_mailbox(pool: Hand, servers: Servers) -> None:
    assert pool.does("check", "--sign-in").count("signed in to both servers") == 6
    (pool.folder / "credentials" / servers.addresses[0]).write_text("wrong")
    result = pool.types("check", "--sign-in")
    assert (result.exit_code, result.stdout.count("\tno\t")) == (77, 1)
