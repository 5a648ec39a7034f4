"""Where passwords are kept, by name, encrypted with a key that is kept elsewhere.

Owns: `Vault`, and keeping a process's memory to itself. Does not own: which mailbox uses which credential
(`Mailbox.credential`), or using it.
"""

from .process import keep_private
from .vault import Form, Kept, Rotation, Vault

__all__ = ["Form", "Kept", "Rotation", "Vault", "keep_private"]
