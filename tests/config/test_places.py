"""Where the configuration, the database and the credentials lie, whoever asks."""

from pathlib import Path

import pytest

from warmup.config import load, locate
from warmup.errors import ConfigError

from .test_config import HOME, write


@pytest.mark.parametrize(
    ("environ", "directory"),
    [
        ({}, "/home/ann/.local/state/warmup"),
        ({"XDG_STATE_HOME": "/var/ann"}, "/var/ann/warmup"),
        ({"XDG_STATE_HOME": "relative"}, "/home/ann/.local/state/warmup"),
        ({"XDG_STATE_HOME": "/var/ann", "STATE_DIRECTORY": "/var/lib/warmup"}, "/var/lib/warmup"),
        ({"STATE_DIRECTORY": "/var/lib/warmup:/var/lib/more"}, "/var/lib/warmup"),
    ],
)
def test_state_is_where_the_environment_says(environ: dict[str, str], directory: str) -> None:
    config = load(None, HOME | environ)
    assert config.database == f"sqlite:///{directory}/warmup.db"
    assert config.credentials == Path(directory, "credentials")


def test_a_user_without_a_home_has_a_configuration_and_is_asked_for_a_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a service's user is on a Debian without libnss-systemd."""

    def nobody() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", nobody)
    assert locate(None, {}) is None
    assert load(None, {"STATE_DIRECTORY": "/var/lib/warmup"}).database == "sqlite:////var/lib/warmup/warmup.db"
    with pytest.raises(ConfigError, match=r"no home directory for the database; set \$STATE_DIRECTORY or \$HOME"):
        load(None, {})


def test_the_key_is_where_it_is_said_but_never_among_what_it_opens(tmp_path: Path) -> None:
    assert load(None, HOME).key is None
    assert load(write(tmp_path, "key = 'own.key'"), HOME).key == tmp_path / "own.key"
    with pytest.raises(ConfigError, match=r":2: key: is among the credentials that it opens; write a path outside of"):
        load(write(tmp_path, "credentials = 'kept'\nkey = 'kept/own.key'"), HOME)


def test_credentials_of_a_postgresql_pool_are_in_the_state_directory(tmp_path: Path) -> None:
    config = load(write(tmp_path, "database = 'postgresql+psycopg://db/warmup'"), HOME)
    assert config.credentials == Path("/home/ann/.local/state/warmup/credentials")


def test_the_first_configuration_file_there_is_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    environ = {"HOME": str(tmp_path / "home"), "XDG_CONFIG_HOME": str(tmp_path / "xdg")}
    files = [tmp_path / name for name in ("xdg/warmup/warmup.toml", "warmup.toml", "named.toml", "explicit.toml")]
    assert locate(None, environ) is None  # a machine with an /etc/warmup would not do
    for file in files:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    assert locate(None, environ) == Path("warmup.toml")
    assert locate(None, environ | {"WARMUP_CONFIG": str(files[2])}) == files[2]
    assert locate(files[3], environ | {"WARMUP_CONFIG": str(files[2])}) == files[3]
    files[1].unlink()
    assert locate(None, environ) == files[0]
    files[0].rename(files[0].with_name("other"))
    below = tmp_path / "home/.config/warmup/warmup.toml"
    below.parent.mkdir(parents=True)
    below.touch()
    assert locate(None, {"HOME": environ["HOME"]}) == below


def test_a_file_that_was_asked_for_and_is_missing_is_an_error(tmp_path: Path) -> None:
    missing = tmp_path / "none.toml"
    with pytest.raises(ConfigError, match=r"none.toml: there is no such file \(--config\); `warmup init` writes one"):
        locate(missing, HOME)
    with pytest.raises(ConfigError, match=r"none.toml: there is no such file \(\$WARMUP_CONFIG\); `warmup init`"):
        locate(None, {"WARMUP_CONFIG": str(missing)})
