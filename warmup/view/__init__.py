"""What an operator is shown of a pool, as plain data: rows of values and sentences, without a terminal or a page.

Owns: what a mailbox, a pause, a day and an event look like, once for all who show them. Does not own: how they are
shown (`warmup.cli`), or the facts (`warmup.store`).
"""
