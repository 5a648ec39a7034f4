"""What spam filters make of the shipped conversations: `make filters`, or `-m tests.filters.measure [MESSAGES]`.

Half of the messages is plain text, half has an HTML alternative too; languages, conversations and turns come by turns.
Each arrives through a real Postfix and Dovecot before it is judged. Ends with status 1 if a message is above LIMIT in
SpamAssassin, or if Rspamd would do anything with one. Needs root and the Debian packages of tests/real, spamassassin,
spamd and rspamd.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.real.ground import Ground
from tests.servers import Servers
from warmup.content import Style

from .arrival import arrived
from .judges import Judge, Rspamd, SpamAssassin, Verdict, ready

LIMIT = 2.0
STYLES = (Style(), Style(html=1.0, tag="[warm-up]"))


def judged(judge: Judge, messages: Sequence[bytes]) -> list[Verdict]:
    with ThreadPoolExecutor(2) as hands:
        return list(hands.map(judge.judge, messages))


def bad(verdict: Verdict) -> bool:
    return verdict.score > LIMIT or verdict.action != "no action"


def report(name: str, verdicts: Sequence[Verdict]) -> None:
    scores = sorted(verdict.score for verdict in verdicts)
    actions = Counter(verdict.action for verdict in verdicts)
    print(
        f"\n{name}: {len(scores)} messages, {scores[0]:.1f} to {scores[-1]:.1f}, median {scores[len(scores) // 2]:.1f}"
    )
    print("  " + ", ".join(f"{action}: {count}" for action, count in actions.most_common()))
    hits = Counter(rule for verdict in verdicts for rule in verdict.rules)
    worth = {rule: points for verdict in verdicts for rule, points in verdict.rules.items()}
    for rule, count in hits.most_common():
        print(f"  {count:5}  {worth[rule]:+5.1f}  {rule}")


def main(count: int) -> int:
    with Ground() as ground, TemporaryDirectory() as folder:
        messages = [message for style in STYLES for message in arrived(ground, count // len(STYLES), style)]
        Path(folder).chmod(0o755)
        servers = Servers(Path(folder) / "out")
        try:
            judges = [ready(kind(Path(folder), servers)) for kind in (SpamAssassin, Rspamd)]
            found = {judge.name: judged(judge, messages) for judge in judges}
        finally:
            servers.stop()
    for name, verdicts in found.items():
        report(name, verdicts)
    return int(any(bad(verdict) for verdicts in found.values() for verdict in verdicts))


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000))
