"""Where things lie: the configuration file, the state, and what is packed with the program.

Owns: search orders. Does not own: what is in the files.
Sources: systemd.exec(5) ($STATE_DIRECTORY), XDG Base Directory Specification 0.8 (a relative path in one of its
variables is to be ignored).
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from warmup.errors import ConfigError

_FILE = "warmup.toml"


def locate(explicit: Path | None, environ: Mapping[str, str]) -> Path | None:
    """The configuration file: `explicit`, $WARMUP_CONFIG, then the first there is of ./warmup.toml,
    $XDG_CONFIG_HOME/warmup/warmup.toml and /etc/warmup/warmup.toml. None: run on defaults.

    Raises `ConfigError` if one that was asked for isn't there.
    """
    named = environ.get("WARMUP_CONFIG")
    wanted = explicit or (Path(named) if named else None)
    if wanted is not None:
        if not wanted.is_file():
            asked = "--config" if explicit else "$WARMUP_CONFIG"
            raise ConfigError(f"{wanted}: there is no such file ({asked}); `warmup init` writes one")
        return wanted
    own = _base("XDG_CONFIG_HOME", ".config", environ)
    places = (Path(), *([own / "warmup"] if own else []), Path("/etc/warmup"))
    return next((place / _FILE for place in places if (place / _FILE).is_file()), None)


def state(environ: Mapping[str, str]) -> Path:
    """Where the database and the credentials are unless the configuration says otherwise.

    Raises `ConfigError` for a user without a home, if nothing else names a place.
    """
    service = environ.get("STATE_DIRECTORY", "").partition(":")[0]  # systemd lists every StateDirectory=
    if service:
        return Path(service)
    own = _base("XDG_STATE_HOME", ".local/state", environ)
    if own is None:
        raise ConfigError("this user has no home directory for the database; set $STATE_DIRECTORY or $HOME")
    return own / "warmup"


def packed(kind: str) -> Traversable:
    """`data` or `templates`: inside the package in a wheel, beside it in a checkout."""
    inside = files("warmup") / kind
    return inside if inside.is_dir() else Path(__file__).parents[2] / kind


def template() -> str:
    """The file that `warmup init` writes: every key with its default, commented out."""
    return (packed("data") / _FILE).read_text("utf-8")


def _base(variable: str, default: str, environ: Mapping[str, str]) -> Path | None:
    """None for a user without a home, as that of a service is (systemd.exec(5), DynamicUser=)."""
    given = Path(environ.get(variable, ""))
    if given.is_absolute():
        return given
    try:
        return Path(environ.get("HOME") or Path.home()) / default
    except RuntimeError:  # Path.home()'s, where the system knows no such user
        return None
