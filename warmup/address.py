"""Addresses: is this one, and which form of it do we compare?

Owns: the canonical form. Does not own: whether anybody reads mail there (proven by login, in `warmup.cli`).
Sources: RFC 5321 §4.1.2, RFC 6531 (SMTPUTF8), RFC 5890 (IDNA) through the email-validator library.
"""

from __future__ import annotations

from email_validator import EmailNotValidError, validate_email

from .errors import UsageError


def canonical(text: str) -> str:
    """The one form in which an address is stored and compared: domain in lower case and Unicode, local part as given
    but in lower case, since no server the tool can meet tells `Ann@` from `ann@` and a doubled mailbox would write to
    itself. Raises `UsageError` saying what is wrong with it.
    """
    try:
        checked = validate_email(text.strip(), check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        raise UsageError(f"{text!r} is not an address: {error}") from error
    return checked.normalized.lower()


def wire(address: str) -> str:
    """The form for SMTP and headers: domain as A-labels (xn--…); a non-ASCII local part stays and needs SMTPUTF8."""
    local, _, domain = address.rpartition("@")
    if domain.isascii():
        return address
    checked = validate_email(address, check_deliverability=False, test_environment=True)
    return f"{local}@{checked.ascii_domain}"
