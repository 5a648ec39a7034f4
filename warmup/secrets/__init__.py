"""Where passwords are kept, by name.

Owns: `Vault`. Does not own: which mailbox uses which credential (`Mailbox.credential`), or using it.
"""

from .vault import Vault

__all__ = ["Vault"]
