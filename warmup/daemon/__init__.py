"""The daemon: three workers that meet only in the store, and what rings them.

Owns: running (`run`), the alarm clock (`bell`), time (`clock`), planning, sending, reading, holding back, the log.
Does not own: how many, to whom, what and whether (the core), speaking to servers (`warmup.smtp`, `warmup.imap`), rows
(`warmup.store`).
"""
