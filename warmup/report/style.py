"""How a report looks: one palette for light and one for dark.

Owns: colours and sizes. Does not own: what is shown.
"""

from __future__ import annotations

FONTS = '"DejaVu Sans", "Liberation Sans", "Noto Sans", Arial, Helvetica, sans-serif'

_LIGHT = {
    "ground": "#ffffff",
    "panel": "#f6f7f9",
    "ink": "#1c2330",
    "faint": "#5b6472",
    "grid": "#dde1e7",
    "sent": "#5b84b1",
    "bad": "#c8342b",
    "struck": "#fbe3e0",
    "wanted": "#30343b",
    "inbox": "#4d9a67",
    "other": "#d9b13b",
    "junk": "#d77a2c",
    "missing": "#8d2f52",
    "ours": "#8a8f98",
}
_DARK = _LIGHT | {
    "ground": "#14181f",
    "panel": "#1c222b",
    "ink": "#e6e9ee",
    "faint": "#a3adba",
    "grid": "#333b47",
    "sent": "#6f9bd1",
    "bad": "#f0655a",
    "struck": "#3d2324",
    "wanted": "#e6e9ee",
    "inbox": "#58b67b",
    "missing": "#d0678f",
}
_FILLED = ("sent", "bad", "struck", "inbox", "other", "junk", "missing", "ours")


def drawing(*, dark: bool = False) -> str:
    """The rules for a chart, with plain colours, which every renderer of SVG understands."""
    colour = _DARK if dark else _LIGHT
    filled = "".join(f".{name}{{fill:{colour[name]}}}" for name in _FILLED)
    return (
        f"text{{font:12px {FONTS};fill:{colour['ink']}}}.axis{{font-size:11px;fill:{colour['faint']}}}"
        f".end{{text-anchor:end}}.title{{font-size:16px;font-weight:700}}.said{{fill:{colour['bad']};font-weight:700}}"
        f".grid{{stroke:{colour['grid']}}}.tick{{stroke:{colour['faint']}}}.day{{fill:{colour['ground']};fill-opacity:0}}"
        f"{filled}.hold{{fill:{colour['bad']}}}.empty{{fill:{colour['panel']}}}"
        f".wanted{{fill:none;stroke:{colour['wanted']};stroke-width:1.5;stroke-dasharray:5 3}}"
        f".lead{{stroke:{colour['bad']};stroke-dasharray:2 2}}.lead.ours{{stroke:{colour['ours']}}}"
        f".said.ours{{fill:{colour['faint']}}}"
    )


def whole() -> str:
    """The rules for a page."""
    return (
        _PAGE
        + _colours(_LIGHT)
        + drawing()
        + f"@media (prefers-color-scheme:dark){{{_colours(_DARK)}{drawing(dark=True)}}}"
    )


def _colours(colour: dict[str, str]) -> str:
    return (
        f"body{{background:{colour['ground']};color:{colour['ink']}}}"
        f"h1 small,h2 small,.faint{{color:{colour['faint']}}}"
        f"th,td{{border-color:{colour['grid']}}}section{{border-color:{colour['grid']}}}"
        f".figures b{{background:{colour['panel']}}}.happened b{{color:{colour['bad']}}}"
        f".happened .own b{{color:{colour['faint']}}}a{{color:inherit}}"
    )


_PAGE = (
    "*{box-sizing:border-box}"
    f"body{{margin:0 auto;max-width:1040px;padding:1rem;font:15px/1.5 {FONTS}}}"
    "h1{font-size:1.6rem;margin:.5rem 0;line-height:1.3}"
    "h2{font-size:1.2rem;margin:.2rem 0 .6rem;overflow-wrap:anywhere}"
    "h1 small,h2 small{font-weight:400;font-size:.65em}h2 small{font-size:.8em}"
    "section{border-top:1px solid;margin-top:2rem;padding-top:1rem}"
    ".chart{overflow-x:auto}.chart svg{display:block;min-width:680px;width:100%;height:auto}"
    ".figures{display:flex;flex-wrap:wrap;gap:.5rem;padding:0;list-style:none}"
    ".figures b{display:block;padding:.4rem .8rem;border-radius:.4rem;font-weight:400}"
    ".figures strong{display:block;font-size:1.3rem}.happened{padding-left:1.2rem}.happened li{margin:.4rem 0}"
    "table{border-collapse:collapse;font-size:.9em}th,td{border-bottom:1px solid;padding:.2rem .7rem;text-align:right}"
    "th,td{white-space:nowrap}"
    "th:first-child,td:first-child{text-align:left}.scroll{overflow-x:auto}details{margin-top:.8rem}"
    "@media print{details{display:none}section{break-inside:avoid}}"
)
