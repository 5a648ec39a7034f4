"""A configuration is right as a whole, or every mistake in it is told with its file, line and key."""

import re
from contextlib import suppress
from datetime import time, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmup.config import load
from warmup.config.document import Document, Table
from warmup.config.rulebook import rulebook
from warmup.errors import ConfigError
from warmup.model import Action, Response, Stage
from warmup.throttle import Waits, judge

HOME = {"HOME": "/home/ann"}
KEYS = ["name", "line", "pattern", "unless", "stages", "codes", "enhanced", "providers", "action", "wait", "kind"]


def write(directory: Path, text: str) -> Path:
    file = directory / "warmup.toml"
    file.write_text(text)
    return file


def mistakes(directory: Path, text: str) -> list[str]:
    """What is said of a configuration, with the file's directory left out."""
    with pytest.raises(ConfigError) as caught:
        load(write(directory, text), HOME)
    return str(caught.value).replace(f"{directory}/", "").splitlines()


RULE = "[[throttle.rule]]\nname = 'x'\naction = 'ignore'"

BROKEN = [
    # an unknown key, section, or a section that is none
    ("curv = 'x'", "1: curv: unknown key; did you mean curves?"),
    ("\n[trottle]\nlane = '1h'", "2: trottle: unknown section; did you mean throttle?"),
    ("[smtp]\nhelo = 'mx'", "2: smtp.helo: unknown key; did you mean hello?"),
    ("[smtp]\ndot = '9m'\n\n[imap]\nzzz = 1", "5: imap.zzz: unknown key; known here: command, connect"),
    ("smtp = 3", "1: smtp: is a whole number; write a table, [smtp]"),
    # the wrong type
    ("[mail]\nsent_copy = 'yes'", "2: mail.sent_copy: is 'yes'; write true or false"),
    ("[pool]\ninbound_cap = true", "2: pool.inbound_cap: is true; write a whole number from 1 to 1000000"),
    ("[pool]\ninbound_cap = 3.0", "2: pool.inbound_cap: is 3.0; write a whole number from 1 to 1000000"),
    ("[mail]\nfolder = ''", "2: mail.folder: is ''; write text in quotes, on one line and not empty"),
    ('[mail]\nfolder = """a\nb"""', "2: mail.folder: is 'a\\nb'; write text in quotes"),
    ("[hours]\nfrom = 08:30:00", "2: hours.from: is 08:30:00; write a time of day"),
    # out of range
    ("[ramp]\njitter = 0.6", "2: ramp.jitter: is 0.6; write a number from 0 to 0.5"),
    ("[ramp]\njitter = nan", "2: ramp.jitter: is nan; write a number from 0 to 0.5"),
    ("[ramp]\nscale = 0", "2: ramp.scale: is 0; write a number from 0.0001 to 1000"),
    ("[ramp]\ncap = 0", "2: ramp.cap: is 0; write a whole number from 1"),
    ("[ramp]\nmaintain = 0", "2: ramp.maintain: is 0; write a whole number from 1"),
    ("[ramp]\nmaintain = 1.5", "2: ramp.maintain: is 1.5; write a number from 0.001 to 1"),
    ("[placement]\nwhen_low = 'stop'", "2: placement.when_low: is 'stop'; write one of off, warn, hold"),
    ("[notify]\nweekly = 'monday'", "2: notify.weekly: is 'monday'; write one of mon, tue"),
    ("[notify.to.ops]\nkind = 'fax'", "2: notify.to.ops.kind: is 'fax'; write one of webhook, slack, mail, command"),
    ("[notify.to.ops]\nkind = 'slack'", "1: notify.to.ops.url_file: is missing; write the path of the file that has"),
    ("[notify.to.ops]\nkind = 'mail'\nfrom = 'a@b.c'", "1: notify.to.ops.to: is missing; write a registered mailbox"),
    ("[notify.to.ops]\nkind = 'slack'\nurl_file = 'u'\nkey_file = 'k'", "4: notify.to.ops.key_file: unknown key"),
    ("[placement]\nbelow = 60", "2: placement.below: is 60; write a number from 0.01 to 0.99"),
    ("[replies]\n\n\nrate = 30", "4: replies.rate: is 30; write a number from 0 to 1"),
    # times
    ("[pool]\ngap = 5", '2: pool.gap: is 5; write a time with its unit, like "90s"'),
    ("[pool]\ngap = '5 minutes'", "2: pool.gap: is '5 minutes'; write a time with its unit"),
    ("[pool]\ngap = '0s'", '2: pool.gap: is \'0s\'; write "1s" to "12h"'),
    ("[smtp]\nlate = '9999999d'", '2: smtp.late: is \'9999999d\'; write "1m" to "1d"'),
    ("[mail]\nlooks = []", "2: mail.looks: is an empty list; write a list in square brackets"),
    ("[mail]\nlooks = [\n '5m',\n '15x',\n]", "4: mail.looks[1]: is '15x'; write a time with its unit"),
    # hours
    ("[hours]\ndays = ['mon', 'tues']", "2: hours.days[1]: is 'tues'; write one of mon, tue, wed, thu, fri, sat, sun"),
    ("[hours]\nto = '24:00'", '2: hours.to: is \'24:00\'; write a time of day, "00:00" to "23:59"'),
    ("[hours]\nfrom = '18:00'\nto = '09:00'", "3: hours.to: closes at 09:00, before it opens; write a time after"),
    ("[hours]\nfrom = '18:00'", "1: hours.to: closes at 17:30, before it opens"),
    # curves
    ("ramp = { curve = 'stedy' }", "1: ramp.curve: there is no curve 'stedy'; did you mean steady?"),
    (
        "[ramp]\ncurve = 'sparkpost-daily'",
        "2: ramp.curve: the curve 'sparkpost-daily' is made for an IP address; set cap",
    ),
    ("[curves]\nmine = 3", "2: curves.mine: is a whole number; write a table, [curves.mine]"),
    ("[curves.mine]\nstart = 3", "1: curves.mine.kind: is missing; write one of linear, exponential, logistic, steps"),
    ("[curves.mine]\nkind = 'cubic'", "2: curves.mine.kind: is 'cubic'; write one of linear"),
    ("ramp.curve = 'mine'\ncurves.mine.kind = 'x'", "2: curves.mine.kind: is 'x'; write one of linear"),
    (
        "[curves.mine]\nkind = 'linear'\nstart = 3\nstep = 1",
        "1: curves.mine.ceiling: is missing; a linear curve has one",
    ),
    (
        "[curves.mine]\nkind = 'linear'\nstart = 9\nstep = 1\nceiling = 3",
        "1: curves.mine: start 9 is above the ceiling 3; a curve rises",
    ),
    ("[curves.mine]\nkind = 'steps'\ntable = [5, 4]", "1: curves.mine: the table falls from 5 to 4 on day 2"),
    ("[curves.mine]\nkind = 'steps'\ntable = []", "3: curves.mine.table: is an empty list; write a list"),
    (
        "[curves.mine]\nkind = 'steps'\ntable = [[1, 5], [2]]",
        "3: curves.mine.table[1]: has 1 numbers; write [first day",
    ),
    (
        "[curves.'a b']\nkind = 'steps'\ntable = [1]\nneeds_cap = true",
        "4: curves.'a b'.needs_cap: unknown key; known here: kind, note, table",
    ),
    # names
    ("[pool.weights]\nGoogle = 2", "2: pool.weights.Google: 'Google' won't do; write a provider's name"),
    ("[pool]\nweights = { google = -1 }", "2: pool.weights.google: is -1; write a number from 0 to 1000"),
    ("[pool]\nweights = 3", "2: pool.weights: is a whole number; write a table in curly brackets"),
    ("[pool.providers]\n'example' = 'google'", "2: pool.providers.example: 'example' won't do; write a domain"),
    ("[mail]\nlabel = 'Subject'", "2: mail.label: 'Subject' won't do; write a header field of your own"),
    ("[mail]\nfolder = 'Inbox'", "2: mail.folder: 'Inbox' won't do; write the name of a folder for this mail alone"),
    ("[smtp]\nhello = 'our mail'", "2: smtp.hello: 'our mail' won't do; write a host name"),
    ("[service]\nlog = 'xml'", "2: service.log: is 'xml'; write one of text, json"),
    ("[service]\nevent_loop = 'trio'", "2: service.event_loop: is 'trio'; write one of auto, asyncio, uvloop"),
    ("[dns]\nservers = ['ns.example.org']", "2: dns.servers[0]: 'ns.example.org' won't do; write an address, like"),
    ("[dns]\nservers = ['192.0.2.1:70000']", "2: dns.servers[0]: '192.0.2.1:70000' won't do; write an address"),
    ("[dns]\nservers = ['192.0.2.1:x']", "2: dns.servers[0]: '192.0.2.1:x' won't do; write an address"),
    ("[web]\nlisten = 'localhost:8025'", "2: web.listen: 'localhost:8025' won't do; write an address, like"),
    (
        "[web]\norigin = 'https://example.org/warmup'",
        "2: web.origin: 'https://example.org/warmup' won't do; write where",
    ),
    ("[dns]\nservers = [53]", "2: dns.servers[0]: is 53; write text in quotes"),
    # rules
    (
        "throttle.rule = 'x'",
        "1: throttle.rule: is text; write each rule as a table with two brackets, [[throttle.rule]]",
    ),
    ("[throttle.rule]\nname = 'x'", "1: throttle.rule: is a table; write each rule as a table with two brackets"),
    ("[throttle]\nrule = [3]", "2: throttle.rule: is a list; write each rule as a table with two brackets"),
    (f"{RULE}\npattern = '(busy'", "4: throttle.rule[0].pattern: is no regular expression (missing ), unterminated"),
    (f"{RULE}\npattern = '(a+)+'", "4: throttle.rule[0].pattern: repeats without end at 3; write {0,40} instead"),
    (f"{RULE}\npattern = '(?:a{{1,9}}){{1,9}}'", "4: throttle.rule[0].pattern: repeats a group at 11; only ? may"),
    (f"{RULE}\npattern = 'a{{1,99}}b{{1,99}}'", "4: throttle.rule[0].pattern: could be tried in 9801 ways"),
    (f"{RULE}\npattern = ''", "4: throttle.rule[0].pattern: is ''; write text in quotes"),
    (f"{RULE}\npatern = 'busy'", "4: throttle.rule[0].patern: unknown key; a rule has name, line, pattern, unless"),
    (f"{RULE}\ncodes = [421, 77]", "4: throttle.rule[0].codes: is '77'; write a basic code such as 421, or 4yz"),
    (f"{RULE}\nstages = ['rcpt', 'end']", "4: throttle.rule[0].stages: is 'end'; write one of connect, tls"),
    (f"{RULE}\ncodes = [421]\nwait = '1w'", "5: throttle.rule[0].wait: is '1w'; write a time such as"),
    (RULE, "1: throttle.rule[0].pattern: is missing, as is any other condition"),
    ("[[throttle.rule]]\nname = 'x'\ncodes = [421]", "1: throttle.rule[0].action: is missing; every rule has one"),
    (f"{RULE}\ncodes = [421]\n{RULE}\ncodes = [450]", "6: throttle.rule[1].name: another rule has it already"),
    # files
    ("authorities = 'none.pem'", "1: authorities: there is no file none.pem; write the path of one"),
    ("[mail]\ntemplates = 'none'", "2: mail.templates: there is no folder none; write the path of one"),
    ("database = 'mysql://x'", "1: database: isn't the URL of a database; write sqlite:///PATH or postgresql://"),
    ("database = 'sqlite://'", "1: database: isn't the URL of a database"),
    ("database = 'sqlite:///:memory:'", "1: database: isn't the URL of a database"),
    ("database = 3", "1: database: isn't the URL of a database"),
    # TOML
    ("[ramp]\ncurve = steady", "2: curve: not TOML: invalid value; write key = value, with text in quotes"),
    ("[ramp]\njitter = 0.1\njitter = 0.2", "3: jitter: not TOML: cannot overwrite a value"),
    ("[ramp]\n\nnonsense", "3: syntax: not TOML: expected '=' after a key"),
    ("[ramp", "1: syntax: not TOML: expected ']' at the end of a table declaration"),
    ("[mail]\nlooks = ['5m',", "2: looks: not TOML: invalid value"),
]


@pytest.mark.parametrize(("text", "said"), BROKEN, ids=[said.partition(";")[0] for _, said in BROKEN])
def test_a_mistake_is_told_with_file_line_and_key(tmp_path: Path, text: str, said: str) -> None:
    told = mistakes(tmp_path, text)
    assert [line.startswith(f"warmup.toml:{said}") for line in told] == [True], told


def test_every_mistake_is_told_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    told = mistakes(tmp_path, "[smtp]\ndot = 5\nconnect = ''\n[ramp]\ncurve = 'x'\nkap = 3\n[hours]\ndays = ['a', 'b']")
    assert [line.split(": ")[:2] for line in told] == [
        ["warmup.toml:2", "smtp.dot"],
        ["warmup.toml:3", "smtp.connect"],
        ["warmup.toml:5", "ramp.curve"],
        ["warmup.toml:6", "ramp.kap"],
        ["warmup.toml:8", "hours.days[0]"],
        ["warmup.toml:8", "hours.days[1]"],
    ]


def test_a_mistake_in_a_database_url_never_shows_its_password(tmp_path: Path) -> None:
    for text in (
        "database = 'postgres://ann:hunter2@db/warmup'",
        "database = 'postgresql://ann:hunter2@db/warmup",
        "'postgresql://ann:hunter2@db/warmup?ssl=1'",
        "database = postgresql://ann:hunter2@db/warmup",
    ):
        assert "hunter2" not in "".join(mistakes(tmp_path, text))
    config = load(write(tmp_path, "database = 'postgresql://ann:hunter2@db/warmup'"), HOME)
    assert "hunter2" not in repr(config)
    assert config.database == "postgresql://ann:hunter2@db/warmup"


def test_a_file_that_is_not_text_is_told_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "warmup.toml"
    file.write_bytes(b"# one\n# tw\xff\n")
    with pytest.raises(ConfigError, match=r"warmup.toml:2: encoding: this isn't UTF-8; save the file as UTF-8"):
        load(file, HOME)


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="can't be read: Is a directory"):
        load(tmp_path, HOME)


@given(text=st.text() | st.text(alphabet="[]{}=\"'.,#\n a1"))
def test_any_text_is_read_or_refused_in_words(text: str) -> None:
    said = ""
    try:
        document = Document("file", text)
        with document.root:
            pass
        document.close()
    except ConfigError as error:
        said = str(error)
    assert not said or re.match(r"file:\d+: ", said)


def test_without_a_file_there_are_defaults() -> None:
    config = load(None, HOME)
    assert config.source is None
    assert config.database == "sqlite:////home/ann/.local/state/warmup/warmup.db"
    assert config.credentials == Path("/home/ann/.local/state/warmup/credentials")
    assert config.ramp() == config.ramps["steady"]
    assert [config.ramp().volume(age) for age in (0, 1, 28, 100)] == [2, 3, 30, 30]
    assert config.policy.hours.days == frozenset(range(5))
    assert (config.policy.hours.opens, config.policy.hours.closes) == (time(8, 30), time(17, 30))
    assert (config.submission.dot, config.submission.late) == (600.0, timedelta(minutes=30))
    assert config.reading.looks[-1] == timedelta(hours=24)
    assert config.waits.setback == 0.5
    assert (config.label, config.reading.folder, config.service.log) == ("X-Warmup", "Warmup", "text")
    assert config.policy.scenarios == config.corpus.by_language
    assert config.policy.scenarios["en"]


def test_what_the_file_says_is_what_holds(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").touch()
    config = load(
        write(
            tmp_path,
            """
            database = "sqlite:///db/pool.db?timeout=5"
            authorities = "ca.pem"
            ramp = { curve = "mine", scale = 2, cap = 15, jitter = 0, maintain = 5, maintain_after = 1, idle_grace = 3 }
            curves.mine = { kind = "logistic", start = 1, ceiling = 10, days = 20, note = "ours" }
            hours = { days = ["sun", "sat"], from = "00:00", to = "23:59" }
            pool.gap = "90s"
            pool.weights = { google = 2 }
            pool.providers = { "Example.ORG" = "google", "gmail.com" = "own" }
            replies = { rate = 1, read = "1s", think = "0s", max_turns = 3 }
            mail = { looks = ["1m"], flagged = 0, sent_copy = false, count_sent = false, file_after = "0s" }
            smtp = { hello = "[192.0.2.1]", connections_per_host = 1 }
            imap.command = "90s"
            throttle = { setback = 1, lane = "2h" }
            service = { log = "json", sender = "1s" }
            """,
        ),
        HOME,
    )
    assert config.database == f"sqlite:///{tmp_path}/db/pool.db?timeout=5"
    assert config.credentials == tmp_path / "db" / "credentials"
    assert config.authorities == tmp_path / "ca.pem"
    assert config.presets["mine"].source == "your configuration"
    assert [config.ramp().volume(age) for age in (0, 10, 12, 13, 99)] == [2, 11, 15, 5, 5]
    assert config.ramp("msg91").top == 15
    assert config.policy.hours.days == {5, 6}
    assert (config.policy.gap, config.policy.weights) == (timedelta(seconds=90), {"google": 2})
    assert (config.provider_of["example.org"], config.provider_of["gmail.com"]) == ("google", "own")
    assert (config.policy.rate, config.policy.habits.think) == (1, timedelta(0))
    reading = config.reading
    assert (reading.looks, reading.command) == ((timedelta(minutes=1),), 90)
    assert not reading.sent_copy
    assert not reading.count_sent
    assert (config.submission.hello, config.submission.connections_per_host) == ("[192.0.2.1]", 1)
    assert (config.waits.setback, config.waits.lane) == (1, timedelta(hours=2))
    assert (config.service.log, config.service.sender) == ("json", 1)


@pytest.mark.parametrize(("said", "meant"), [("journal", "journal"), ("./journal", "{}/journal"), ("/a/b", "/a/b")])
def test_the_mtas_log_is_the_journal_or_a_file(tmp_path: Path, said: str, meant: str) -> None:
    assert load(write(tmp_path, f'[mta]\nlog = "{said}"'), HOME).mta_log == meant.format(tmp_path)


def test_an_own_curve_takes_the_place_of_a_preset_of_its_name(tmp_path: Path) -> None:
    config = load(write(tmp_path, "[curves.steady]\nkind = 'steps'\ntable = [7]"), HOME)
    assert config.ramp().top == 7


def test_every_wait_and_share_of_a_throttle_can_be_said(tmp_path: Path) -> None:
    text = "[throttle]\nreputation = 0.9\nquota = 0.8\nsetback = 0.1\n" + "".join(
        f"{key} = '{number}m'\n"
        for number, key in enumerate(("mailbox", "lane", "recipient", "connections", "retry"), 1)
    )
    assert load(write(tmp_path, text), HOME).waits == Waits(
        mailbox=timedelta(minutes=1),
        lane=timedelta(minutes=2),
        recipient=timedelta(minutes=3),
        connections=timedelta(minutes=4),
        retry=timedelta(minutes=5),
        setback=0.1,
        reputation=0.9,
        quota=0.8,
    )


OURS = """
[[throttle.rule]]
name = "ours"
pattern = 'unusual rate'
action = "pause_mailbox"
wait = "7m"
"""


def test_an_own_rule_is_asked_first_and_every_shipped_one_after_it(tmp_path: Path) -> None:
    said = Response(Stage.RCPT, 421, "4.7.28", "Gmail has detected an unusual rate of mail")
    usual, config = load(None, HOME), load(write(tmp_path, OURS), HOME)
    assert judge(said, rules=usual.rules).action is Action.PAUSE_LANE
    verdict = judge(said, rules=config.rules, waits=config.waits)
    assert (verdict.action, verdict.rule, verdict.wait) == (Action.PAUSE_MAILBOX, "ours", timedelta(minutes=7))
    assert config.rules.ordered[1:] == usual.rules.ordered


def test_an_own_rule_takes_the_place_of_the_shipped_one_of_its_name(tmp_path: Path) -> None:
    usual = [rule.name for rule in load(None, HOME).rules.ordered]
    config = load(write(tmp_path, OURS.replace("ours", usual[5])), HOME)
    assert [rule.name for rule in config.rules.ordered] == usual
    assert config.rules.ordered[5].action is Action.PAUSE_MAILBOX


def test_two_configurations_with_the_same_rules_are_equal(tmp_path: Path) -> None:
    first = load(write(tmp_path, OURS), HOME)
    assert load(write(tmp_path, f"# again\n{OURS}line = 'quoted'"), HOME) == first  # what a rule quotes changes nothing
    assert load(write(tmp_path, OURS.replace("rate", "rates")), HOME) != first
    assert load(write(tmp_path, ""), HOME) == load(None, HOME)


def test_every_mistake_of_every_rule_is_told(tmp_path: Path) -> None:
    told = mistakes(tmp_path, f"{OURS}kind = 'x'\ncodes = [1]\n[[throttle.rule]]\nname = 'a'\nthrottle = 1\n")
    assert [line.split(": ")[:2] for line in told] == [
        ["warmup.toml:7", "throttle.rule[0].kind"],
        ["warmup.toml:8", "throttle.rule[0].codes"],
        ["warmup.toml:9", "throttle.rule[1].action"],
        ["warmup.toml:11", "throttle.rule[1].throttle"],
    ]


TOML = st.recursive(
    st.none().map(lambda _: time(8)) | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


@given(tables=st.lists(st.dictionaries(st.sampled_from(KEYS) | st.text(), TOML, max_size=4), max_size=3) | TOML)
def test_any_rules_are_read_or_refused_in_words(tables: object) -> None:
    document = Document("defaults")
    with suppress(ConfigError):
        with Table(document, ("throttle",), {"rule": tables}) as table:
            assert rulebook(table).ordered
        document.close()


def test_a_curve_that_is_not_there_is_named_with_the_nearest() -> None:
    with pytest.raises(ConfigError, match="there is no curve 'exponental'; did you mean exponential"):
        load(None, HOME).ramp("exponental")


def test_reading_the_same_file_again_gives_the_same(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    text = "[mail]\ntemplates = 'own'\n[ramp]\njitter = "
    first = load(write(tmp_path, f"{text}0.2"), HOME)
    assert load(write(tmp_path, f"# the same\n{text}0.2"), HOME) == first
    assert load(write(tmp_path, f"{text}0.3"), HOME) != first


def test_name_servers_are_addresses_with_or_without_a_port(tmp_path: Path) -> None:
    file = tmp_path / "warmup.toml"
    file.write_text('[dns]\nservers = ["192.0.2.1", "192.0.2.1:5353", "2001:db8::1", "[2001:db8::1]:5353"]')
    servers = load(file, {"HOME": str(tmp_path)}).naming.servers
    assert servers == (("192.0.2.1", 53), ("192.0.2.1", 5353), ("2001:db8::1", 53), ("2001:db8::1", 5353))
