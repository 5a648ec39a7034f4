"""`warmup secrets`: whether every credential can be opened, and a new key for them.

Owns: the commands. Does not own: files, keys, encryption (`warmup.secrets`).
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

import typer

from warmup.errors import SecretError
from warmup.secrets import Form, Vault
from warmup.store import mailboxes

from .common import ConfigFile, Database, Json, opened, settings, vault
from .root import tell
from .sheet import Row, show

app = typer.Typer(
    help="Look after the passwords' encryption.\n\nPasswords are files in the credentials directory, encrypted with a "
    "key that is elsewhere: in systemd's credential warmup.key, else in the configuration's `key`. Nothing here shows "
    "a password or a key.",
    no_args_is_help=True,
)

_SAYS = {
    Form.SEALED: "encrypted",
    Form.STALE: "encrypted with a key that was to be replaced; `warmup secrets rotate` ends that",
    Form.PLAIN: "plain text, as earlier versions wrote it; `warmup secrets rotate` encrypts it",
    Form.PROVIDED: "provided by systemd",
}


@app.command()
def check(config: ConfigFile = None, database: Database = None, json: Json = False) -> None:
    """Look whether the key and every credential are there.

    For the key, for each mailbox's credential and for what else is in the directory: whether it can be read and
    decrypted, by which key, whether it is plain text, and whether others could read it. Nothing is changed, and no
    server is asked (`warmup check --sign-in` does that).

    Exit code 77 if something is to be mended.

    \b
    Example:
      warmup secrets check --json | jq '.[] | select(.fine | not)'
    """
    found = settings(config, database)
    with opened(found) as store:
        users = {mailbox.credential: mailbox.address for mailbox in store.run(mailboxes.every)}
    credentials = vault(found)
    rows = _key(credentials)
    for name in sorted({*users, *credentials.names()}):
        rows.append({"name": name, "mailbox": users.get(name), **_look(credentials, name)})
    columns = {"name": "WHAT", "fine": "FINE", "kept": "KEPT", "key": "KEY", "says": "SAYS"}
    show(rows, columns, as_json=json, empty="", spare=("kept",))
    _end(rows)


def _key(credentials: Vault) -> list[Row]:
    """A row for each key that is there, or what is wrong with them."""
    usual: Row = {"name": "key", "mailbox": None, "kept": None, "key": None}
    try:
        credentials.ready()
        keys = credentials.keys.every()
    except SecretError as error:
        return [{**usual, "fine": False, "says": str(error)}]
    if not keys:
        return [{**usual, "fine": True, "says": "none yet; it is made with the first password"}]
    return [
        {
            **usual,
            "key": key.id,
            "fine": True,
            "says": f"{credentials.keys.place(key)}{', to be replaced' if n else ''}",
        }
        for n, key in enumerate(keys)
    ]


def _look(credentials: Vault, name: str) -> Row:
    try:
        kept = credentials.look(name)
    except SecretError as error:
        return {"kept": None, "key": None, "fine": False, "says": str(error)}
    fine = kept.form in {Form.SEALED, Form.PROVIDED}
    return {"kept": kept.form, "key": kept.key, "fine": fine, "says": _SAYS[kept.form]}


def _end(rows: Sequence[Row]) -> None:
    wrong = sum(not row["fine"] for row in rows)
    if wrong:
        sys.stdout.flush()
        tell(f"{wrong} thing{'' if wrong == 1 else 's'} to mend")
        raise typer.Exit(SecretError.exit_code)


@app.command()
def rotate(config: ConfigFile = None, database: Database = None) -> None:
    """Encrypt every credential with a new key, and drop the old one.

    Also what plain files of earlier versions are encrypted by. The daemon may be running. When it is cut short, by a
    crash or a full disk, every credential can still be opened, and the command is run again. If one of them can't be
    opened now, nothing is changed.

    If systemd provides a key (credential warmup.key), everything is encrypted with that one, and what is in the key
    file goes. systemd/credentials.conf says how a new one is put there.

    A copy of the credentials made before is opened by the key of then: make both anew. Passwords stay as they are; who
    has seen them must be shut out at the provider.

    \b
    Example:
      warmup secrets rotate
    """
    done = vault(settings(config, database)).rotate()
    count = len(done.names)
    print(f"{done.place}: {count} credential{'' if count == 1 else 's'} encrypted anew, with key {done.key}")
    if done.dropped:
        print(f"dropped: key {', '.join(done.dropped)}")
