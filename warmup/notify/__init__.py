"""Telling the operator: what is worth it, how often, and by which way.

Owns: notices made of what happened (`notice`), not telling the same again and again (`desk`), the ways that need no
mailbox (`ways`). Does not own: when, and trying again (`warmup.daemon.herald`).
"""

from .desk import Desk
from .notice import Kind, Notice, of_fact
from .ways import Channel, Untold, tell

__all__ = ["Channel", "Desk", "Kind", "Notice", "Untold", "of_fact", "tell"]
