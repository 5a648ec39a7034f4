"""What an exchange costs, beside the least it could cost on this machine: `make bench`.

An exchange is a message and its answer: two messages written, sent and recorded, and the first of them found, opened
and marked. Absolute figures differ from machine to machine and from hour to hour; only ratios within one run count.

    servers   the embedded servers, in a process of their own so that their CPU isn't the client's
    life      some days of the real daemon on the jumping clock, counted and metered
    tape      what it said to its servers, session by session
    bare      the same said by the bare client libraries, with texts written and rows recorded: the floor
    adapters  the same said by the daemon's own adapters, to say where its CPU goes
    floor     an exchange by hand: text, sockets and SQL without a library in between, as near as this machine can get
    peer      the daemon beside a script of smtplib and imaplib (`script`), on real servers where there are any (`real`)
    dispatch  how late mail goes when a hundred thousand mailboxes (`crowd`) have work, and what becomes of too much of
              it, against submission servers that only wait (`stub`)
"""
