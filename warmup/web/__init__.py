"""The dashboard: a pool to look at in a browser, or by programs, and to pause and resume.

    Dashboard (a thread with a server of its own)
      └ Guard: whom to answer at all, and with which headers
          └ pages for people, an API, /metrics and /healthz for programs; all of them ask the Desk

Owns: HTTP, HTML, who may look and who may change. Does not own: what is shown (`warmup.view`, `warmup.store`), the
command (`warmup.cli.web`).
"""

from .dashboard import Dashboard

__all__ = ["Dashboard"]
