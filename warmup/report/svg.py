"""Elements of SVG and HTML as text, with everything foreign made harmless.

Owns: escaping, and the form of numbers. Does not own: what is drawn.
"""

from __future__ import annotations

from html import escape

Number = int | float


def tag(name: str, /, *inside: str, **attributes: str | Number | None) -> str:
    """An element; `inside` is markup, attributes are foreign. `class_` is written as it must be, and `stroke_width`."""
    told = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(_plain(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    return f"<{name}{told}>{''.join(inside)}</{name}>" if inside else f"<{name}{told}/>"


def words(text: str) -> str:
    """Foreign text as markup: what isn't a character of XML, or would turn the reading direction, is left out."""
    return escape("".join(sign if sign.isprintable() else " " for sign in text), quote=False)


def _plain(value: str | Number) -> str:
    """A number to a tenth: finer than a screen shows."""
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else str(value)
