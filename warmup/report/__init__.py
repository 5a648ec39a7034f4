"""A report that can be kept and sent: curve against reality, placement and pauses, in one file of its own.

Owns: drawing (`chart`), the page (`page`), the picture (`picture`). Does not own: what is told (`warmup.view.course`).
Sources: SVG 1.1; WCAG 2.1 for contrasts, and that nothing is told by colour alone.
"""

from .page import page
from .picture import Unpainted, picture

__all__ = ["Unpainted", "page", "picture"]
