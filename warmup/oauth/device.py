"""Consent in a browser elsewhere: a code to type there, while we ask whether somebody has.

Owns: the device flow, its pace. Does not own: showing the code (`warmup.cli.authorize`).
Sources: RFC 8628 §3.1 to §3.5.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable
from urllib.parse import urlencode

from oauthlib.oauth2 import DeviceClient

from warmup.errors import TokenLost, UsageError
from warmup.model import Client

from .grant import Denied, Grant, grant, plain, seconds, secret_of
from .post import lost, post

_PACE = 5.0  # seconds between two questions, where the server doesn't say (§3.2); and what "slow down" adds (§3.5)
_LASTS = 900.0  # seconds that a code is good for, where the server doesn't say; a guess


def by_device(
    client: Client,
    tls: ssl.SSLContext,
    show: Callable[[str, str], None],
    *,
    wait: Callable[[float], None] = time.sleep,
) -> Grant:
    """Have a person consent; `show` is told the address to open, and the code to type there.

    Raises `Denied`, `TokenLost`; `UsageError` if the provider gives no device codes.
    """
    if client.device is None:
        raise UsageError(
            f"{client.provider} gives no device codes for mail; without --device, consent is given in a browser that "
            "can reach a port here: with --port 8400, and `ssh -L 8400:127.0.0.1:8400 THIS_MACHINE` where it is"
        )
    answer = post(client.device, urlencode({"client_id": client.id, "scope": " ".join(client.scopes)}), tls)
    if "error" in answer:
        raise Denied(client, plain(answer["error"]), plain(answer.get("error_description")))
    code, typed = answer.get("device_code"), plain(answer.get("user_code"))
    address = plain(answer.get("verification_uri"))
    if not (isinstance(code, str) and typed and address):
        raise lost(f"{client.provider} gave no device code")
    show(address, typed)
    form = DeviceClient(client.id).prepare_request_body(code, include_client_id=True, **secret_of(client))
    left, pace = seconds(answer.get("expires_in"), _LASTS), seconds(answer.get("interval"), _PACE)
    while left > 0:
        wait(pace)
        left -= pace
        try:
            return grant(client, form, tls)
        except TokenLost as trouble:  # "slow down" among it, and §3.5 has a broken connection slow us down as well
            pace += _PACE
            if left <= 0:
                raise trouble from None
        except Denied as no:
            if no.error != "authorization_pending":
                raise
    raise Denied(client, "expired_token")
