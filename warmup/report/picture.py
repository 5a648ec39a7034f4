"""The report as a picture, of the same drawings.

Owns: putting the charts below each other, and asking resvg to paint them. Does not own: drawing
(`warmup.report.chart`).
"""

from __future__ import annotations

from collections.abc import Sequence

from warmup.view.course import Course, of_pool

from .chart import WIDTH, draw, height
from .style import drawing
from .svg import tag, words

_ZOOM = 2.0  # for screens of today
_HEAD, _GAP = 34, 26
_MARGIN = 20


class Unpainted(Exception):
    """There can be no picture, and why."""


def picture(courses: Sequence[Course]) -> bytes:
    """A PNG. Raises `Unpainted` if what paints it isn't installed, or finds no font."""
    try:
        from resvg_py import svg_to_bytes
    except ImportError as error:
        raise Unpainted("a PNG needs the package resvg-py; install warmup[png], or write --html") from error
    if svg_to_bytes(svg_string=_sheet("M", 40)) == svg_to_bytes(svg_string=_sheet(" ", 40)):
        raise Unpainted("there is no font on this machine to write with (Debian: fonts-dejavu-core); or write --html")
    return bytes(svg_to_bytes(svg_string=svg(courses), zoom=_ZOOM, background="#ffffff"))


def svg(courses: Sequence[Course]) -> str:
    """All charts on one sheet, the pool's first if there are several."""
    told = [(course, False) for course in courses]
    if len(courses) > 1:
        told.insert(0, (of_pool(courses), True))
    y, parts = float(_MARGIN), []
    for course, names in told:
        title = tag("text", words(f"{course.name} ({course.about})"), y=16, class_="title")
        chart = tag("g", draw(course, names=names), transform=f"translate(0 {_HEAD})")
        parts.append(tag("g", title, chart, transform=f"translate({_MARGIN} {y:.0f})"))
        y += _HEAD + height(course, names=names) + _GAP
    return _sheet("".join(parts), y)


def _sheet(inside: str, height: float) -> str:
    inside = inside if inside.startswith("<") else tag("text", inside, x=10, y=20)
    size = {"width": WIDTH + 2 * _MARGIN, "height": height}
    return tag("svg", tag("style", drawing()), inside, xmlns="http://www.w3.org/2000/svg", **size)
