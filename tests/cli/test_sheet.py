"""Rows on a terminal: whatever a server or an operator has written."""

from __future__ import annotations

from .hand import Hand, Servers, Terminal


def test_brackets_are_brackets(pool: Hand, servers: Servers) -> None:
    pool.does("mailbox", "set", servers.addresses[0], "--name", "[red]Ann[/red]")
    with Terminal("mailbox", "list", columns=120) as terminal:
        terminal.ends()
        assert "[red]Ann[/red]" in terminal.told
