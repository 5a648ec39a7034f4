"""The memory: mailboxes, slots, messages, days and pauses, in SQLite or PostgreSQL.

`Store.open` gives a store; `store.run(work, …)` and `await store.do(work, …)` run a work of one of the modules here in
a transaction: `await store.do(messages.claim, mailbox=3, …)`. Values of `warmup.model` go in and come out. `back_up`
and `restore` copy a whole database and put a copy in its place, after which `begin_anew` is done with it.

Owns: the tables and their migrations, all SQL, one daemon per database, or nodes that share the work. Does not own:
what is to be remembered.
Laws kept here, in SQL, because two processes may ask at once: never above a day's allowance, never while a pause
covers the lane, never twice.
"""

from sqlalchemy import Connection

from . import bookmarks, budgets, days, findings, installs, mailboxes, messages, nodes, pauses
from .anew import Anew, begin_anew
from .backup import Contents, Restored, back_up, restore
from .budgets import Budget, Others
from .findings import Examination, Noted
from .messages import Tally, Visit
from .nodes import Node
from .prune import Pruned, prune
from .shards import SHARDS, Shards, shard, spread
from .store import Store

__all__ = [
    "SHARDS",
    "Anew",
    "Budget",
    "Connection",
    "Contents",
    "Examination",
    "Node",
    "Noted",
    "Others",
    "Pruned",
    "Restored",
    "Shards",
    "Store",
    "Tally",
    "Visit",
    "back_up",
    "begin_anew",
    "bookmarks",
    "budgets",
    "days",
    "findings",
    "installs",
    "mailboxes",
    "messages",
    "nodes",
    "pauses",
    "prune",
    "restore",
    "shard",
    "spread",
]
