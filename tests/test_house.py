"""The house rules that a reader would otherwise have to check: who imports what, what a module says, what is cited."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MODULES = sorted((ROOT / "warmup").rglob("*.py"))
LINES = 400
LONGER: dict[str, str] = {}  # file → why it is one

# Each third-party package and the one module or package of ours that speaks it. The first six are what the program is
# built on: they must be in use.
FIXED = {
    "aiosmtplib": "warmup.smtp",
    "aioimaplib": "warmup.imap",
    "apscheduler": "warmup.daemon.bell",
    "sqlmodel": "warmup.store",
    "jinja2": "warmup.content",
    "typer": "warmup.cli",
}
SPOKEN = FIXED | {
    "aiosmtpd": "warmup.sandbox",
    "alembic": "warmup.store",
    "cryptography": "warmup.secrets",
    "dns": "warmup.dns.lookup",
    "email_validator": "warmup.address",
    "oauthlib": "warmup.oauth",
    "prometheus_client": "warmup.web.metrics",
    "psycopg": "warmup.store",
    "resvg_py": "warmup.report.picture",
    "rich": "warmup.cli",
    "sqlalchemy": "warmup.store",
    "starlette": "warmup.web",
    "tzlocal": "warmup.cli",
    "uvicorn": "warmup.web.dashboard",
    "uvloop": "warmup.daemon.uv",
}
TOO = {("jinja2", "warmup.web.pages")}  # a second place, with an environment of its own: pages aren't conversations

# What we cite. A number that isn't here is a slip, or is to be looked up and added.
RFCS = {
    1035: "DNS",
    1047: "duplicate messages",
    1870: "SMTP SIZE",
    2034: "SMTP enhanced error codes",
    2045: "MIME bodies",
    2046: "MIME media types",
    2047: "MIME encoded words",
    2104: "HMAC",
    2177: "IMAP IDLE",
    2181: "clarifications to DNS",
    2308: "negative answers of DNS",
    2342: "IMAP NAMESPACE",
    2595: "TLS with IMAP",
    2606: "reserved names",
    2683: "IMAP implementation",
    2781: "UTF-16",
    2782: "SRV records",
    2971: "IMAP ID",
    3207: "SMTP STARTTLS",
    3279: "keys in certificates",
    3493: "sockets and names for IPv6",
    3461: "SMTP DSN",
    3463: "enhanced status codes",
    3464: "delivery status notifications",
    3501: "IMAP4rev1",
    3596: "DNS for IPv6",
    3691: "IMAP UNSELECT",
    3834: "automatic answers",
    3848: "ESMTP transmission types",
    4180: "CSV",
    4315: "IMAP UIDPLUS",
    4616: "SASL PLAIN",
    4954: "SMTP AUTH",
    4959: "IMAP SASL-IR",
    5116: "authenticated encryption",
    5228: "Sieve",
    5258: "IMAP LIST extensions",
    5321: "SMTP",
    5322: "message format",
    5424: "syslog",
    5530: "IMAP response codes",
    5782: "DNS blocklists",
    5801: "GS2 header of SASL",
    5890: "IDNA",
    6152: "SMTP 8BITMIME",
    6154: "IMAP SPECIAL-USE",
    6186: "SRV records for mail",
    6376: "DKIM",
    6409: "submission",
    6522: "multipart/report",
    6531: "SMTPUTF8",
    6532: "internationalized headers",
    6533: "internationalized delivery status notifications",
    6749: "OAuth 2.0",
    6750: "bearer tokens",
    6761: "special-use domain names",
    6851: "IMAP MOVE",
    7162: "IMAP CONDSTORE",
    7208: "SPF",
    7435: "opportunistic security",
    7489: "DMARC",
    7505: "null MX",
    7628: "SASL OAUTHBEARER",
    7636: "PKCE",
    7662: "token introspection",
    7888: "IMAP literals",
    8020: "NXDOMAIN",
    8252: "OAuth 2.0 for native applications",
    8301: "DKIM's algorithms",
    8314: "TLS for submission and access",
    8446: "TLS 1.3: sessions that are resumed",
    8463: "Ed25519 in DKIM",
    8601: "Authentication-Results",
    8628: "OAuth 2.0 device codes",
    9082: "RDAP queries",
    9083: "RDAP answers",
    9110: "HTTP",
    9112: "HTTP/1.1",
    9224: "finding RDAP servers",
    9700: "OAuth 2.0 security",
}


def name_of(path: Path) -> str:
    """The dotted name of a module."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imports(path: Path) -> Iterator[str]:
    """The top-level names of all that a module imports from outside its own package."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def our_texts() -> Iterator[tuple[str, str]]:
    """Every file of ours that is text, by its path: not what tools keep beside them in hidden directories."""
    for top in (path for path in ROOT.iterdir() if not path.name.startswith(".") or path.name == ".ci"):
        for path in [top] if top.is_file() else top.rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                yield str(path.relative_to(ROOT)), path.read_text("utf-8", errors="replace")


def within(module: str, place: str) -> bool:
    return module == place or module.startswith(f"{place}.")


def test_the_import_contracts_hold() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    result = subprocess.run([linter], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


def test_a_third_party_package_is_imported_in_its_place_and_nowhere_else() -> None:
    strays = [
        f"{name_of(path)} imports {package}, which is spoken in {SPOKEN.get(package, 'no place yet: add it to SPOKEN')}"
        for path in MODULES
        for package in set(imports(path)) - sys.stdlib_module_names - {"warmup"}
        if not within(name_of(path), SPOKEN.get(package, "nowhere")) and (package, name_of(path)) not in TOO
    ]
    assert not strays, "\n".join(strays)


@pytest.mark.parametrize(("package", "place"), FIXED.items())
def test_each_package_that_the_program_is_built_on_is_in_use(package: str, place: str) -> None:
    assert any(package in imports(path) for path in MODULES if within(name_of(path), place))


def test_every_module_says_what_it_owns() -> None:
    silent = [
        name_of(path)
        for path in MODULES
        if "migrations" not in path.parts  # their shape is Alembic's
        and len(path.read_text().splitlines()) > 10  # an __init__ with only a sentence
        and "Owns:" not in (ast.get_docstring(ast.parse(path.read_bytes())) or "")
    ]
    assert not silent, "\n".join(silent)


def test_no_file_is_too_long_to_read_in_one_go() -> None:
    lengths = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in MODULES}
    assert {path: length for path, length in lengths.items() if length > LINES and path not in LONGER} == {}


def test_nothing_names_a_place_of_the_machine_it_was_written_on() -> None:
    places = re.compile(r"(?<![\w.])/(?:work|tmp|root)/\w")
    found = [
        f"{path}: {line.strip()}" for path, text in our_texts() for line in text.splitlines() if places.search(line)
    ]
    assert not found, "\n".join(found)


def test_every_rfc_cited_is_one_we_meant() -> None:
    cited = {
        (path, int(number))
        for path, text in our_texts()
        for number in re.findall(r"\bRFCs? ?-?(\d{3,5})\b", text.replace("RFC822", ""))  # that one is a word of IMAP's
    }
    unknown = sorted(f"{path} cites RFC {number}" for path, number in cited if number not in RFCS)
    assert not unknown, "\n".join(unknown)


def test_the_constraints_pin_every_dependency_at_one_version_from_a_package_index() -> None:
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")]
    assert [line for line in lines if not re.fullmatch(r"[\w.-]+==[\w.]+", line)] == []
    pinned = {re.sub(r"[-_.]+", "-", line.partition("==")[0]).lower() for line in lines}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    assert {re.split(r"[^\w-]", requirement)[0].lower() for requirement in wanted} - pinned == set()


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze isn't here (Debian: systemd)")
def test_systemd_understands_the_unit_and_finds_it_well_protected(tmp_path: Path) -> None:
    there = tmp_path / "warmup.service"
    beside = tmp_path / "warmup.service.d"
    beside.mkdir()
    for file in (there, beside / "postgresql.conf", beside / "web.conf"):
        text = (ROOT / "systemd" / file.name).read_text()
        file.write_text(re.sub("(?m)^ExecStart=/.*", "ExecStart=/bin/true", text))  # the real one may not be installed
    verify = ["systemd-analyze", "verify", str(there)]
    said = subprocess.run(verify, capture_output=True, text=True, check=False)
    assert (said.returncode, said.stdout + said.stderr) == (0, "")
    # Its exposure in tenths: 0 is the least, an unprotected service has 96.
    rate = ["systemd-analyze", "security", "--no-pager", "--offline=yes", "--threshold=15", str(there)]
    assert subprocess.run(rate, capture_output=True, check=False).returncode == 0


def test_the_unit_calls_nothing_that_a_small_debian_lacks() -> None:
    units = "".join(file.read_text() for file in sorted((ROOT / "systemd").iterdir()))
    called = re.findall(r"(?m)^Exec\w+=[-@:+!]*(\S+)", units)
    assert set(called) == {"/opt/warmup/bin/warmup", "/bin/sh"}  # ours, and POSIX's
