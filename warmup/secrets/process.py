"""A process whose memory nobody reads: no core file of it, and no debugger but root's.

Passwords are in the memory of whoever signs in with them. A core file would put them on the disk, or send them to
whoever collects crashes; a debugger, or /proc/PID/mem, would show them to every other program of the same user. What is
lost with that: a core to look into after a crash, and strace, gdb or py-spy without being root. `ps` works as ever.

Owns: telling the kernel. Does not own: whose processes those are (`warmup.__main__`: every command).
Sources: prctl(2), PR_SET_DUMPABLE; core(5); getrlimit(2), RLIMIT_CORE.
"""

from __future__ import annotations

import resource
from contextlib import suppress

_PR_SET_DUMPABLE = 4  # <linux/prctl.h>


def keep_private() -> None:
    """From now on, and not undone. Does less where the system can't: the limit is POSIX's, the rest Linux's."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # not heeded where cores go into a pipe, as systemd-coredump's do
    # ImportError: a Python without ctypes. MemoryError: an old libffi where memory is never both written and executed.
    # AttributeError: no prctl. Then the limit has to do.
    with suppress(ImportError, MemoryError, AttributeError):
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
