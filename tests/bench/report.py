"""What several runs gave, as tables for people and as values for programs.

Owns: which figures are told and how they are put. Does not own: measuring.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

from .floor import Floor
from .life import MANNERS, Life, Manner
from .meter import spread
from .watch import PLAN, RENDER

# How the daemon's verbs are called here, in the order of a message's way.
_ON_THE_LOOP = {
    RENDER: "write it (compose)",
    "dial": "SMTP: connect, AUTH, QUIT",
    "data": "SMTP: MAIL, RCPT, DATA, dot",
    "sign_in": "IMAP: connect, AUTH, LIST, LOGOUT",
    "look": "IMAP: find",
    "open": "IMAP: open",
    "answered": "IMAP: mark as answered",
    "file": "IMAP: file",
    "keep": "IMAP: keep a copy in Sent",
}
_REST = "the rest: tasks, wake-ups, and colder than measured"
_TRANSACTIONS = "transactions and queue"
_WIDTH = 26


@dataclass(frozen=True, slots=True)
class Run:
    """One time all of it, on servers of its own."""

    lives: Mapping[str, Life]  # by the manner's name, as the others
    verbs: Mapping[str, Mapping[str, float]]
    floors: Mapping[str, Floor]  # measured right after each life: the machine may be slower or faster later


@dataclass(frozen=True, slots=True)
class Part:
    """A part of what the daemon does for a message. `calls` and `cpu`, in microseconds, are for one message."""

    name: str
    calls: float
    cpu: float


def parts(life: Life, verbs: Mapping[str, float]) -> Iterator[Part]:
    """Where the CPU of a life went; together they are all of it."""
    watch, count = life.watch, life.messages
    writer = watch.writer / count * 1e6
    works = {name: watch.seconds[name] / count * 1e6 for name in (PLAN, *watch.works)}
    rest = life.cost.each(count) - writer
    for name, words in _ON_THE_LOOP.items():
        calls = watch.calls[name] / count
        cpu = watch.seconds[name] / count * 1e6 if name == RENDER else calls * verbs[name]
        rest -= cpu
        yield Part(words, calls, cpu)
    yield Part(_REST, 0, rest)
    for name, cpu in works.items():
        yield Part(f"store: {name}", watch.calls[name] / count, cpu)
    yield Part(
        f"store: {_TRANSACTIONS}", sum(watch.calls[name] for name in works) / count, writer - sum(works.values())
    )


def table(runs: Sequence[Run]) -> str:
    """All that is to be known, in lines; figures are the median of the runs, and the least and the most."""
    return "\n".join((*_daemon(runs), "", *_floor(runs), "", *_ratios(runs), "", *_where(runs)))


def values(runs: Sequence[Run]) -> list[dict[str, object]]:
    """The same, run by run."""
    return [
        {
            name: {
                "floor_us": asdict(floor) | {"message": floor.message, "exchange": floor.exchange},
                "verbs_us": run.verbs[name],
                "daemon": {
                    "exchanges": life.exchanges,
                    "messages": life.messages,
                    "opened": life.opened,
                    "filed": life.filed,
                    "exchanges_per_second": life.exchanges / life.cost.wall,
                    "cpu_us_per_exchange": life.cost.each(life.exchanges),
                    "cpu_us_per_message": life.cost.each(life.messages),
                    "servers_cpu_us_per_message": life.servers / life.messages * 1e6,
                    "parts": [asdict(part) for part in parts(life, run.verbs[name])],
                },
                "times_the_floor": {
                    "per_exchange": life.cost.each(life.exchanges) / floor.exchange,
                    "per_message": life.cost.each(life.messages) / floor.message,
                },
            }
            for name, life in run.lives.items()
            for floor in (run.floors[name],)
        }
        for run in runs
    ]


def _daemon(runs: Sequence[Run]) -> Iterator[str]:
    def row(name: str, figure: Callable[[Life], float], digits: int = 0) -> str:
        return _row(name, *(spread([figure(run.lives[m.name]) for run in runs], digits) for m in MANNERS))

    yield _row("THE DAEMON", *(manner.name for manner in MANNERS))
    yield row("exchanges per second (wall, servers beside it)", lambda life: life.exchanges / life.cost.wall, 1)
    yield row("client CPU us per exchange", lambda life: life.cost.each(life.exchanges))
    yield row("client CPU us per message", lambda life: life.cost.each(life.messages))
    yield row("servers' CPU us per message", lambda life: life.servers / life.messages * 1e6)
    yield row("messages sent", lambda life: life.messages)
    yield row("  opened", lambda life: life.opened)
    yield row("  answered: exchanges", lambda life: life.exchanges)
    yield row("  put away", lambda life: life.filed)
    yield from (f"  {manner.name}: {manner.says}" for manner in MANNERS)


def _floor(runs: Sequence[Run]) -> Iterator[str]:
    def row(name: str, figure: Callable[[Floor], float]) -> str:
        return _row(name, spread([figure(floor) for run in runs for floor in run.floors.values()]))

    yield _row("THE FLOOR", "client CPU us")
    yield row("write: f-string headers, a kept template", lambda floor: floor.render)
    yield row("send: raw asyncio, connections kept", lambda floor: floor.send)
    yield row("record: sqlite3, a hundred at a time", lambda floor: floor.record)
    yield row("visit: raw asyncio SELECT SEARCH FETCH STORE, kept", lambda floor: floor.visit)
    yield row("one message: their sum", lambda floor: floor.message)
    yield row("one exchange: write, send, record twice, visit once", lambda floor: floor.exchange)
    yield row("not in it: an IMAP connection, LOGIN, LOGOUT", lambda floor: floor.sign_in)


def _ratios(runs: Sequence[Run]) -> Iterator[str]:
    def row(name: str, figure: Callable[[Life, Floor], float]) -> str:
        return _row(
            name, *(spread([figure(run.lives[m.name], run.floors[m.name]) for run in runs], 1) for m in MANNERS)
        )

    yield _row("TIMES THE FLOOR", *(manner.name for manner in MANNERS))
    yield row("per exchange", lambda life, floor: life.cost.each(life.exchanges) / floor.exchange)
    yield row("per message", lambda life, floor: life.cost.each(life.messages) / floor.message)


def _where(runs: Sequence[Run]) -> Iterator[str]:
    columns = [_medians(runs, manner) for manner in MANNERS]
    yield _row("WHERE THE DAEMON'S CPU GOES, per message", *(manner.name for manner in MANNERS))
    yield _row("", *(f"{'calls':>6}{'us':>9}{'share':>9}" for _ in columns))
    for name in dict.fromkeys(name for column in columns for name in column):
        yield _row(name, *(_share(column, name) for column in columns))


def _medians(runs: Sequence[Run], manner: Manner) -> Mapping[str, Part]:
    told = [{part.name: part for part in parts(run.lives[manner.name], run.verbs[manner.name])} for run in runs]
    return {
        name: Part(name, *(statistics.median(getattr(run[name], of) for run in told if name in run) for of in _FIGURES))
        for name in told[0]
    }


_FIGURES = ("calls", "cpu")


def _share(column: Mapping[str, Part], name: str) -> str:
    part = column.get(name, Part(name, 0, 0))
    calls = f"{part.calls:.2f}" if part.calls else ""
    return f"{calls:>6}{part.cpu:>9,.0f}{part.cpu / sum(other.cpu for other in column.values()):>9.1%}"


def _row(name: str, *figures: str) -> str:
    return f"{name:<52}" + "".join(f"{figure:>{_WIDTH}}" for figure in figures)
