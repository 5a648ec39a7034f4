"""Where mail arrives: shares with what stands behind them, a mailbox's health, and when it is time to hold back. Pure.

Owns: counts and their interval (`counts`), the health score (`health`), the rule (`rule`).
Does not own: counting (`warmup.store.messages`), where a message was found (`warmup.imap`), holding (`warmup.daemon`).
"""

from .counts import MONTH, WEEK, Counts, Interval, wilson
from .health import LEAST, Health, health
from .rule import Reaction, Rule, doubtful

__all__ = [
    "LEAST",
    "MONTH",
    "WEEK",
    "Counts",
    "Health",
    "Interval",
    "Reaction",
    "Rule",
    "doubtful",
    "health",
    "wilson",
]
