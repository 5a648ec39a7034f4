"""Mailboxes: registered, changed, removed, purged.

Owns: their rows, and those of their relays. Does not own: proof that a mailbox is the operator's (`warmup.cli`), or its
password (`warmup.secrets`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, TypedDict, Unpack

from sqlalchemy import ColumnElement, Connection, Row, bindparam, delete, exists, func, insert, or_, select, update

from warmup.errors import UsageError
from warmup.model import Endpoint, Mailbox, Relay

from .kept import Kept
from .listed import one_of
from .pauses import mended
from .rows import from_fields, from_relay, to_mailbox, to_relay
from .shards import shard_of
from .tables import budget, day, mailbox, message, pause, relay

REMOVED = "mailbox removed"  # why the slots of a removed mailbox, and those to it, were dropped
_MANY = 1000  # mailboxes whose relays aren't asked for by their numbers


class Fields(TypedDict, total=False):
    """What can be changed of a mailbox."""

    name: str
    zone: str
    provider: str
    login: str
    credential: str
    auth: str
    smtp: Endpoint
    imap: Endpoint
    relays: tuple[Relay, ...]
    source: str | None
    curve: str | None


def add(
    db: Connection,
    *,
    address: str,
    name: str,
    zone: str,
    provider: str,
    login: str,
    credential: str,
    smtp: Endpoint,
    imap: Endpoint,
    curve: str | None,
    now: datetime,
    auth: str = "password",
    relays: tuple[Relay, ...] = (),
    source: str | None = None,
) -> Mailbox:
    """A new mailbox, or the removed one of that address with its number and its history, free of pauses that waited
    for a person.

    Raises `UsageError` if there is one that isn't removed.
    """
    values = from_fields(
        {
            "name": name,
            "zone": zone,
            "provider": provider,
            "login": login,
            "credential": credential,
            "auth": auth,
            "smtp": smtp,
            "imap": imap,
            "source": source,
            "curve": curve,
        }
    )
    known = db.execute(select(mailbox).where(mailbox.c.address == address).with_for_update()).one_or_none()
    if known is None:
        fresh = insert(mailbox).values(address=address, added_at=now, **values)
        row = db.execute(fresh.returning(*mailbox.c)).one()
        _relay(db, row.id, relays)
        return to_mailbox(row, relays)
    if known.removed_at is None:
        raise UsageError(f"the mailbox {address} is registered already; change it with: warmup mailbox set {address}")
    mended(db, known.id, now)
    _relay(db, known.id, relays)
    return to_mailbox(_set(db, known.id, removed_at=None, **values), relays)


def get(db: Connection, address: str, *, removed: bool = False) -> Mailbox:
    """The mailbox of a canonical address; with `removed`, also one that is. Raises `UsageError` if there is none."""
    sought = _ALL.where(mailbox.c.address == address)
    row = db.execute(sought if removed else sought.where(mailbox.c.removed_at.is_(None))).one_or_none()
    if row is None:
        raise UsageError(f"there is no mailbox {address}; warmup mailbox list shows them")
    return _whole(db, [row])[0]


def every(db: Connection, *, removed: bool = False) -> list[Mailbox]:
    """All mailboxes in the order of their addresses; with `removed`, those too."""
    sought = _ALL.order_by(mailbox.c.address)
    return _whole(db, db.execute(sought if removed else sought.where(mailbox.c.removed_at.is_(None))).all())


def numbers(db: Connection) -> list[int]:
    """Those of the mailboxes of the pool."""
    return list(db.scalars(select(mailbox.c.id).where(mailbox.c.removed_at.is_(None))))


def zones(db: Connection) -> list[str]:
    """Where the mailboxes of the pool live."""
    return list(db.scalars(select(mailbox.c.zone).where(mailbox.c.removed_at.is_(None)).distinct()))


def count(db: Connection) -> int:
    """How many there are in the pool."""
    found: int = db.execute(
        select(func.count()).select_from(mailbox).where(mailbox.c.removed_at.is_(None))
    ).scalar_one()
    return found


def domains(db: Connection) -> list[str]:
    """The domains of the pool, in their order."""
    addresses = db.scalars(select(mailbox.c.address).where(mailbox.c.removed_at.is_(None)))
    return sorted({address.rpartition("@")[2] for address in addresses})


def some(db: Connection, ids: Collection[int]) -> dict[int, Mailbox]:
    """Mailboxes by their numbers, removed ones too."""
    match list(ids):
        case []:
            return {}
        case [id]:  # in half the time, and asked for each message
            rows = _ONE.rows(db, {"which": id})
        case several:
            rows = _SOME.rows(db, {"few": several})
    return {one.id: one for one in _whole(db, rows)}


def ends(db: Connection, ids: Collection[int]) -> dict[int, tuple[str, str]]:
    """Where the mail of some mailboxes begins and where it is handed in: domain and submission host, in the order of
    their numbers here.
    """
    known = {id: (address.rpartition("@")[2], host) for id, address, host in _ENDS.rows(db, {"few": ids})}
    return {number: known[number] for number in ids if number in known}


def in_shards(db: Connection) -> Mapping[int, int]:
    """How many mailboxes there are in each shard that has any."""
    counted = select(shard_of(mailbox.c.id).label("shard"), func.count()).where(mailbox.c.removed_at.is_(None))
    return {row[0]: row[1] for row in db.execute(counted.group_by("shard"))}


def change(db: Connection, id: int, **fields: Unpack[Fields]) -> Mailbox:
    """The mailbox with some fields changed."""
    unknown = fields.keys() - Fields.__annotations__.keys()
    assert not unknown, f"not to be changed: {unknown}"
    columns = from_fields(fields)
    if "relays" in columns:
        _relay(db, id, columns.pop("relays"))
    _set(db, id, **columns)
    return some(db, [id])[id]


def remove(db: Connection, id: int, now: datetime) -> None:
    """Out of the pool, from now on. Its history stays; slots from it and to it that haven't begun to go out are
    dropped, claimed ones too. Removing it again changes nothing.
    """
    # First this row: whoever claims a slot of this mailbox holds it, and sees it removed afterwards.
    db.execute(update(mailbox).where(mailbox.c.id == id, mailbox.c.removed_at.is_(None)).values(removed_at=now))
    undone = message.c.data_at.is_(None), message.c.refused_at.is_(None), message.c.dropped_at.is_(None)
    db.execute(update(message).where(_with(id), *undone).values(dropped_at=now, reason=REMOVED))


def purge(db: Connection, id: int) -> None:
    """Erases the mailbox and all that was ever known of it, messages of others to it too. Its number isn't reused."""
    db.execute(delete(message).where(_with(id)))
    db.execute(delete(day).where(day.c.mailbox == id))
    db.execute(delete(budget).where(budget.c.mailbox == id))
    db.execute(delete(pause).where(or_(pause.c.mailbox == id, pause.c.recipient == id)))
    db.execute(delete(relay).where(relay.c.mailbox == id))
    db.execute(delete(mailbox).where(mailbox.c.id == id))


def _with(id: int) -> ColumnElement[bool]:
    return or_(message.c.sender == id, message.c.recipient == id)


def _whole(db: Connection, rows: Sequence[Sequence[Any]]) -> list[Mailbox]:
    """The mailboxes of these rows of `_ALL`, which begin with the number and end with whether there are relays."""
    relays = defaultdict[int, list[Relay]](list)
    relayed = [row[0] for row in rows if row[-1]]
    if relayed:
        wanted = select(relay).order_by(relay.c.mailbox, relay.c.place)
        few = wanted.where(relay.c.mailbox.in_(relayed)) if len(relayed) < _MANY else wanted
        for row in db.execute(few):
            relays[row.mailbox].append(to_relay(row))
    return [to_mailbox(row, relays[row[0]]) for row in rows]


def _relay(db: Connection, id: int, relays: Sequence[Relay]) -> None:
    """These, and no others."""
    db.execute(delete(relay).where(relay.c.mailbox == id))
    if relays:
        db.execute(insert(relay), [from_relay(id, place, one) for place, one in enumerate(relays, 1)])


def _set(db: Connection, id: int, **values: Any) -> Row[*tuple[Any, ...]]:
    if not values:
        return db.execute(select(mailbox).where(mailbox.c.id == id)).one()
    return db.execute(update(mailbox).where(mailbox.c.id == id).values(**values).returning(*mailbox.c)).one()


# With each whether it has relays at all, for most have none.
_ALL = select(mailbox, exists().where(relay.c.mailbox == mailbox.c.id).label("relayed"))
_few = one_of(mailbox.c.id, "few")
_SOME = Kept(_ALL.where(_few))
_ONE = Kept(_ALL.where(mailbox.c.id == bindparam("which")))
_ENDS = Kept(select(mailbox.c.id, mailbox.c.address, func.lower(mailbox.c.smtp_host)).where(_few))
