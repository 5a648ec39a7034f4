"""A notice arrives by each way as it should, signed where that is wanted, and no secret is in what is said of it."""

from __future__ import annotations

import hashlib
import hmac
import json
import ssl
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
import trustme

from warmup.notify import Channel, Kind, Notice, Untold, tell

from .listener import listening

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
NOTICE = Notice(
    kind=Kind.PAUSE, key="hold lane", at=NOW, text="ann → google: 421 <slow> & more", fields={"pause": 3}, more="a line"
)
PLAIN = ssl.create_default_context()


def secret(file: Path, text: str) -> Path:
    file.write_text(text + "\n")
    file.chmod(0o600)
    return file


def channel(folder: Path, url: str, kind: str = "webhook", key: str | None = None) -> Channel:
    return Channel(
        name="ops",
        kind=kind,
        events=frozenset(Kind),
        url_file=secret(folder / "url", url),
        key_file=secret(folder / "key", key) if key else None,
    )


def test_a_webhook_gets_json_that_its_key_proves(tmp_path: Path) -> None:
    with listening() as listener:
        tell(channel(tmp_path, listener.url, key="k3y"), NOTICE, tls=PLAIN, now=NOW)
    ((path, headers, body),) = listener.heard
    assert path == "/hook/s3cret"
    assert json.loads(body) == {
        "event": "pause",
        "key": "hold lane",
        "at": "2026-03-02T12:00:00+00:00",
        "text": NOTICE.text,
        "more": "a line",
        "fields": {"pause": 3},
    }
    stamp, proof = (part.split("=")[1] for part in headers["X-Warmup-Signature"].split(","))
    assert int(stamp) == NOW.timestamp()
    assert proof == hmac.new(b"k3y", stamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def test_slack_gets_a_text_with_its_own_signs_made_harmless(tmp_path: Path) -> None:
    with listening() as listener:
        tell(channel(tmp_path, listener.url, "slack"), NOTICE, tls=PLAIN, now=NOW)
    ((_, headers, body),) = listener.heard
    assert json.loads(body) == {"text": "warmup: ann → google: 421 &lt;slow&gt; &amp; more\na line"}
    assert "X-Warmup-Signature" not in headers


def test_tls_is_spoken_and_a_stranger_is_not_trusted(tmp_path: Path) -> None:
    authority = trustme.CA()
    theirs, ours = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("localhost").configure_cert(theirs)
    authority.configure_trust(ours)
    with listening(theirs) as listener:
        tell(channel(tmp_path, listener.url), NOTICE, tls=ours, now=NOW)
        assert len(listener.heard) == 1
        with pytest.raises(Untold, match="the certificate of localhost isn't trusted") as caught:
            tell(channel(tmp_path, listener.url), NOTICE, tls=PLAIN, now=NOW)
        assert "s3cret" not in str(caught.value)
        assert len(listener.heard) == 1


@pytest.mark.parametrize(("status", "hopeless"), [(500, False), (429, False), (404, True), (302, True)])
def test_what_is_refused_for_good_is_not_tried_again(tmp_path: Path, status: int, hopeless: bool) -> None:
    with listening() as listener:
        listener.answers.append(status)
        with pytest.raises(Untold) as caught:
            tell(channel(tmp_path, listener.url), NOTICE, tls=PLAIN, now=NOW)
    assert (str(caught.value), caught.value.hopeless) == (f"127.0.0.1 answered {status}", hopeless)


@pytest.mark.parametrize(
    "url", ["http://example.org/s3cret", "ftp://127.0.0.1/s3cret", "s3cret", "https://[s3cret", ""]
)
def test_a_url_that_would_not_keep_its_secret_is_not_asked(tmp_path: Path, url: str) -> None:
    with pytest.raises(Untold, match="the URL ") as caught:
        tell(channel(tmp_path, url), NOTICE, tls=PLAIN, now=NOW)
    assert "s3cret" not in str(caught.value)


def test_nobody_there_is_told_without_the_path(tmp_path: Path) -> None:
    with listening() as listener:
        pass
    with pytest.raises(Untold, match="refuses connections"):
        tell(channel(tmp_path, listener.url), NOTICE, tls=PLAIN, now=NOW)


def test_a_secret_that_others_may_read_is_not_used(tmp_path: Path) -> None:
    with listening() as listener:
        told = channel(tmp_path, listener.url)
        (tmp_path / "url").chmod(0o644)
        with pytest.raises(Untold, match="is open to other users; chmod 600"):
            tell(told, NOTICE, tls=PLAIN, now=NOW)
        assert not listener.heard


def command(*run: str) -> Channel:
    return Channel(name="pager", kind="command", events=frozenset(Kind), run=run)


def test_a_command_gets_json_on_its_standard_input(tmp_path: Path) -> None:
    copy = "import sys, pathlib; pathlib.Path(sys.argv[1]).write_bytes(sys.stdin.buffer.read())"
    tell(command(sys.executable, "-c", copy, str(tmp_path / "got")), NOTICE, tls=PLAIN, now=NOW)
    assert json.loads((tmp_path / "got").read_bytes())["text"] == NOTICE.text


def test_a_command_that_fails_is_told() -> None:
    with pytest.raises(Untold, match="ended with 3"):
        tell(command(sys.executable, "-c", "raise SystemExit(3)"), NOTICE, tls=PLAIN, now=NOW)
    with pytest.raises(Untold, match="can't be run: No such file"):
        tell(command("/nonexistent/page"), NOTICE, tls=PLAIN, now=NOW)
