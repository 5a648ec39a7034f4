"""Access: reading a mailbox as its owner would, as far as our own messages go.

`sign_in` gives an `Access`, which may have done an `Errand` by then; `Access.look` finds messages of ours, each a
`Sighting`; `open`, `rescue`, `answered` and `file` act on one; `keep` puts a copy into Sent, `sent_since` reads what
lies there; `notices` reads what mail systems wrote; `close` says goodbye. A refused login is a `Response`, a refused
action `AccessRefused`, a broken connection `AccessLost`.

Owns: the client's side of IMAP, its deadlines and its TLS. Does not own: what an answer means (`warmup.throttle`),
when to visit (`warmup.daemon`).
Sources: RFC 3501, RFC 8314 (TLS); aioimaplib, which is spoken here alone.
"""

from .access import Access
from .errand import Errand, hearing, looking
from .folders import Folders
from .line import Farewell, Timeouts
from .login import sign_in
from .posted import Posted
from .sighting import Sighting
from .systems import Notices

__all__ = [
    "Access",
    "Errand",
    "Farewell",
    "Folders",
    "Notices",
    "Posted",
    "Sighting",
    "Timeouts",
    "hearing",
    "looking",
    "sign_in",
]
