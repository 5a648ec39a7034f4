"""What several runs gave, as tables for people and as values for programs.

Owns: which figures are told and how they are put. Does not own: measuring.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

from warmup.store.messages import next_due

from .bare import Bare
from .floor import Floor
from .life import MANNERS, Life, Manner, Watched
from .meter import spread
from .replay import Spoken
from .watch import RENDER, WRITE

_REST = "the rest: what is read in answers, tasks, threads, and colder than measured"
_TRANSACTIONS = "store: transactions"
_ASKING = ", which is the jumping clock's, and counted nowhere else"
_NAME = 78
_WIDTH = 30


@dataclass(frozen=True, slots=True)
class Run:
    """One time all of it, on servers of its own."""

    lives: Mapping[str, Life]  # by the manner's name, as the others
    watched: Mapping[str, Watched]  # the same once more
    bares: Mapping[str, Bare]  # measured right after each life: the machine may be slower or faster later
    spoken: Mapping[str, Spoken]  # by the daemon's adapters
    floors: Mapping[str, Floor]


@dataclass(frozen=True, slots=True)
class Part:
    """A part of what the daemon does for a message: how often, and microseconds of CPU beside those of the floor."""

    name: str
    calls: float
    cpu: float
    floor: float = 0.0


def parts(watched: Watched, bare: Bare, spoken: Spoken) -> Iterator[Part]:
    """Where the CPU of a life went; together they are all of it, and all of the floor."""
    life, watch, tape = watched.life, watched.watch, watched.tape
    count = life.messages
    writer = watch.seconds[WRITE] / count * 1e6
    works = {name: watch.seconds[name] / count * 1e6 for name in watch.works}
    written = watch.seconds[RENDER] / count * 1e6
    whole = life.cost.each(count) + life.asking / count * 1e6
    rest = whole - writer - written - (spoken.smtp + spoken.imap) / count
    yield Part("write: texts, compose", watch.calls[RENDER] / count, written, bare.render / count)
    yield Part("SMTP: sessions", len(tape.submissions) / count, spoken.smtp / count, bare.spoken.smtp / count)
    yield Part("IMAP: sessions", len(tape.visits) / count, spoken.imap / count, bare.spoken.imap / count)
    yield Part(_REST, 0, rest)
    for name, cpu in works.items():
        yield Part(f"store: {name}{_ASKING if name == next_due.__name__ else ''}", watch.calls[name] / count, cpu)
    calls = sum(watch.calls[name] for name in works) / count
    yield Part(_TRANSACTIONS, calls, writer - sum(works.values()), bare.record / count)


def table(runs: Sequence[Run]) -> str:
    """All that is to be known, in lines; figures are the median of the runs, and the least and the most."""
    return "\n".join((*_daemon(runs), "", *_bare(runs), "", *_floor(runs), "", *_ratios(runs), "", *_where(runs)))


def values(runs: Sequence[Run]) -> list[dict[str, object]]:
    """The same, run by run."""
    return [{name: _values(run, name) for name in run.lives} for run in runs]


def _values(run: Run, name: str) -> dict[str, object]:
    life, watched, floor = run.lives[name], run.watched[name], run.floors[name]
    bare, spoken = run.bares[name], run.spoken[name]
    return {
        "daemon": {
            "exchanges": life.exchanges,
            "messages": life.messages,
            "opened": life.opened,
            "filed": life.filed,
            "exchanges_per_second": life.exchanges / life.cost.wall,
            "cpu_us_per_exchange": life.cost.each(life.exchanges),
            "cpu_us_per_message": life.cost.each(life.messages),
            "servers_cpu_us_per_message": life.servers / life.messages * 1e6,
            "turns_per_message": watched.tape.turns / life.messages,
            "parts": [asdict(part) for part in parts(watched, bare, spoken)],
        },
        "bare_libraries": {
            "cpu_us_per_exchange": bare.all / life.exchanges,
            "cpu_us_per_message": bare.all / life.messages,
            "servers_cpu_us_per_message": bare.spoken.servers / life.messages * 1e6,
        },
        "raw_floor_us": asdict(floor) | {"message": floor.message, "exchange": floor.exchange},
        "times_the_bare_libraries": life.cost.cpu * 1e6 / bare.all,
        "times_the_raw_floor": life.cost.each(life.exchanges) / floor.exchange,
    }


def _daemon(runs: Sequence[Run]) -> Iterator[str]:
    def row(name: str, figure: Callable[[Life], float], digits: int = 0) -> str:
        return _row(name, *(spread([figure(run.lives[m.name]) for run in runs], digits) for m in MANNERS))

    yield _row("THE DAEMON", *(manner.name for manner in MANNERS))
    yield row("exchanges per second (wall, servers beside it)", lambda life: life.exchanges / life.cost.wall, 1)
    yield row("client CPU us per exchange", lambda life: life.cost.each(life.exchanges))
    yield row("client CPU us per message", lambda life: life.cost.each(life.messages))
    yield row("  not in it: what the jumping clock asks", lambda life: life.asking / life.messages * 1e6)
    yield row("servers' CPU us per message", lambda life: life.servers / life.messages * 1e6)
    yield row("messages sent", lambda life: life.messages)
    yield row("  opened", lambda life: life.opened)
    yield row("  answered: exchanges", lambda life: life.exchanges)
    yield row("  put away", lambda life: life.filed)
    turns = ([run.watched[m.name].tape.turns / run.lives[m.name].messages for run in runs] for m in MANNERS)
    yield _row("turns with servers per message: what is said at once is one", *map(spread, turns))
    yield from (f"  {manner.name}: {manner.says}" for manner in MANNERS)


def _bare(runs: Sequence[Run]) -> Iterator[str]:
    def row(name: str, figure: Callable[[Bare], float], of: Callable[[Life], int]) -> str:
        return _row(
            name, *(spread([figure(run.bares[m.name]) / of(run.lives[m.name]) for run in runs]) for m in MANNERS)
        )

    def messages(life: Life) -> int:
        return life.messages

    yield _row("THE SAME BY BARE LIBRARIES, client CPU us per message", *(manner.name for manner in MANNERS))
    yield row("write: f-string headers, a kept template", lambda bare: bare.render, messages)
    yield row("SMTP: aiosmtplib, the same sessions and texts", lambda bare: bare.spoken.smtp, messages)
    yield row("IMAP: aioimaplib, the same sessions and commands", lambda bare: bare.spoken.imap, messages)
    yield row("record: sqlite3, each stamp, a hundred at a time", lambda bare: bare.record, messages)
    yield row("one message: their sum", lambda bare: bare.all, messages)
    yield row("one exchange", lambda bare: bare.all, lambda life: life.exchanges)
    yield row("servers' CPU beside it", lambda bare: bare.spoken.servers * 1e6, messages)


def _floor(runs: Sequence[Run]) -> Iterator[str]:
    def row(name: str, figure: Callable[[Floor], float]) -> str:
        return _row(name, spread([figure(floor) for run in runs for floor in run.floors.values()]))

    yield _row("THE RAW FLOOR: an exchange and no more, without a library", "client CPU us")
    yield row("write: f-string headers, a kept template", lambda floor: floor.render)
    yield row("send: raw asyncio, connections kept", lambda floor: floor.send)
    yield row("record: sqlite3, a hundred at a time", lambda floor: floor.record)
    yield row("visit: raw asyncio SELECT SEARCH FETCH STORE, kept", lambda floor: floor.visit)
    yield row("one message: their sum", lambda floor: floor.message)
    yield row("one exchange: write, send, record twice, visit once", lambda floor: floor.exchange)
    yield row("not in it: an IMAP connection, LOGIN, LOGOUT", lambda floor: floor.sign_in)


def _ratios(runs: Sequence[Run]) -> Iterator[str]:
    def row(name: str, figure: Callable[[Run, str], float], digits: int) -> str:
        return _row(name, *(spread([figure(run, manner.name) for run in runs], digits) for manner in MANNERS))

    yield _row("CLIENT CPU PER EXCHANGE", *(manner.name for manner in MANNERS))
    yield row("times the bare libraries", lambda run, name: run.lives[name].cost.cpu * 1e6 / run.bares[name].all, 2)
    yield row("times the raw floor", _times_raw, 1)


def _times_raw(run: Run, name: str) -> float:
    life = run.lives[name]
    return life.cost.each(life.exchanges) / run.floors[name].exchange


def _where(runs: Sequence[Run]) -> Iterator[str]:
    columns = [_medians(runs, manner) for manner in MANNERS]
    yield _row("WHERE IT GOES, client CPU us per message; watching included", *(manner.name for manner in MANNERS))
    yield _row("", *(f"{'calls':>6}{'floor':>8}{'daemon':>8}{'share':>8}" for _ in columns))
    for name in dict.fromkeys(name for column in columns for name in column):
        yield _row(name, *(_share(column, name) for column in columns))
    yield _row("all", *(_all(column) for column in columns))


def _medians(runs: Sequence[Run], manner: Manner) -> Mapping[str, Part]:
    name = manner.name
    told = [{part.name: part for part in parts(run.watched[name], run.bares[name], run.spoken[name])} for run in runs]
    return {
        part: Part(part, *(statistics.median(getattr(run[part], of) for run in told if part in run) for of in _FIGURES))
        for part in told[0]
    }


_FIGURES = ("calls", "cpu", "floor")


def _share(column: Mapping[str, Part], name: str) -> str:
    part = column.get(name, Part(name, 0, 0))
    calls = f"{part.calls:.2f}" if part.calls else ""
    floor = f"{part.floor:,.0f}" if part.floor else ""
    return f"{calls:>6}{floor:>8}{part.cpu:>8,.0f}{part.cpu / sum(other.cpu for other in column.values()):>8.1%}"


def _all(column: Mapping[str, Part]) -> str:
    floor, cpu = (sum(getattr(part, of) for part in column.values()) for of in ("floor", "cpu"))
    return f"{'':>6}{floor:>8,.0f}{cpu:>8,.0f}{1:>8.0%}"


def _row(name: str, *figures: str) -> str:
    return f"{name:<{_NAME}}" + "".join(f"{figure:>{_WIDTH}}" for figure in figures)
