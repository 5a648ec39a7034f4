"""`warmup curve`: the curves there are, and what they mean in messages a day.

Owns: the commands. Does not own: curves (`warmup.curves`, `data/curves.toml`).
"""

from __future__ import annotations

from typing import Annotated

import typer

from warmup.config import Config
from warmup.curves import Ramp
from warmup.model import chance

from .common import ConfigFile, Json, settings
from .entry import curve_named
from .sheet import show, show_one

app = typer.Typer(
    help="Look at curves: how many messages a day.\n\nA mailbox follows the curve it was given by `warmup mailbox add` "
    "or `set`, else that of the configuration, where curves of your own are described too.",
    no_args_is_help=True,
)

Name = Annotated[str, typer.Argument(metavar="CURVE", help="Its name, of `warmup curve list`.", show_default=False)]


@app.command("list")
def list_(config: ConfigFile = None, json: Json = False) -> None:
    """Show every curve that can be used.

    The presets, and the configuration's own. Those made for a whole IP address are here only if the configuration has
    a cap.
    """
    found = settings(config)
    rows = [
        {
            "name": name,
            "kind": type(ramp.curve).__name__.lower(),
            "first_week": [ramp.volume(age) for age in range(7)] if json else _days(ramp, range(7)),
            "day_30": ramp.volume(29),
            "top": ramp.top,
            "default": name == found.curve,
        }
        for name, ramp in sorted(found.ramps.items())
    ]
    headings = {"name": "CURVE", "kind": "KIND", "first_week": "DAYS 1-7", "day_30": "DAY 30", "top": "TOP"}
    show(rows, headings | {"default": "DEFAULT"}, as_json=json, empty="no curves", spare=("kind", "first_week"))


def _days(ramp: Ramp, ages: range) -> str:
    return " ".join(str(ramp.volume(age)) for age in ages)


@app.command("show")
def show_(name: Name, config: ConfigFile = None, json: Json = False) -> None:
    """Show one curve: its settings, and where it comes from."""
    found = settings(config)
    ramp, preset = _named(name, found), found.presets[name]
    parameters = {key: getattr(ramp.curve, key) for key in ramp.curve.__dataclass_fields__}
    row = {
        "name": name,
        "kind": type(ramp.curve).__name__.lower(),
        **parameters,
        "cap": ramp.cap,
        "jitter": ramp.jitter,
        "maintain": ramp.maintain,
        "maintain_after": ramp.maintain_after,
        "idle_grace": ramp.idle_grace,
        "idle_loss": ramp.idle_loss,
        "top": ramp.top,
        "source": preset.source,
        "note": preset.note or None,
    }
    show_one(row, as_json=json)


@app.command()
def preview(
    name: Name,
    days: Annotated[int, typer.Option(min=1, max=400, help="How many sending days.")] = 30,
    seed: Annotated[str, typer.Option(help="The daily variation differs by seed.")] = "",
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """Show a curve day by day.

    VOLUME is what the curve says, ALLOWANCE an example of what a mailbox may then send, with the daily variation.

    \b
    Example:
      warmup curve preview logistic --days 60
    """
    ramp = _named(name, settings(config))
    rows = [
        {
            "day": age + 1,
            "volume": ramp.volume(age),
            "allowance": ramp.allowance(age, chance(seed, name, age)),
            "bar": "█" * max(1, round(40 * ramp.volume(age) / max(1, ramp.top))),
        }
        for age in range(days)
    ]
    show(rows, {"day": "DAY", "volume": "VOLUME", "allowance": "ALLOWANCE", "bar": ""}, as_json=json, empty="")


def _named(name: str, config: Config) -> Ramp:
    curve_named(name, config)
    return config.ramp(name)
