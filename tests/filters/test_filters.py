"""Some of the shipped mail, as it arrives, before SpamAssassin and Rspamd. `make filters` does a thousand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.real.ground import Ground
from tests.servers import Servers
from warmup.content import Style

from .arrival import arrived
from .judges import Judge, Rspamd, SpamAssassin, ready
from .measure import bad, judged

KINDS = {kind.name: kind for kind in (SpamAssassin, Rspamd)}
# Every filter knows this line, which is made to be tested with.
LURID = (
    b"From: a@b.test\r\nSubject: Tea\r\n\r\nXJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X\r\n"
)


@pytest.fixture(params=KINDS)
def judge(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Judge]:
    tmp_path.chmod(0o755)
    servers = Servers(tmp_path / "out")
    try:
        yield ready(KINDS[request.param](tmp_path, servers))
    finally:
        servers.stop()


def test_no_filter_minds_what_is_shipped(ground: Ground, judge: Judge) -> None:
    messages = arrived(ground, 60, Style(html=0.5))
    assert len(messages) == 60
    assert [verdict for verdict in judged(judge, messages) if bad(verdict)] == []
    assert bad(judge.judge(LURID))  # and it would have been said
