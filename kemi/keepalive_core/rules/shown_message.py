"""How a SIP message is shown to an operator: with a bound, without passwords and credentials (pure)."""

import re
from typing import Final

from .quoting import MASK, without_passwords

MOST: Final = 8_000
"""characters that are shown of a message"""

# RFC 3261 section 22: what proves who somebody is, whoever may use it again.
_CREDENTIALS: Final = re.compile(
    r"^((?:Proxy-)?Authorization[ \t]*:[ \t]*)[^\r\n]*(?:\r?\n[ \t][^\r\n]*)*", re.I | re.M
)


def shown_message(text: str) -> str:
    """Return a SIP message as it is shown, its lines ended as they were; "..." stands for what is cut off."""
    cut = text[: 2 * MOST].replace("\0", "\\x00").encode("utf-8", "replace").decode()
    seen = _CREDENTIALS.sub(rf"\1{MASK}", cut)
    seen = "".join(map(without_passwords, seen.splitlines(keepends=True)))
    return seen if len(seen) <= MOST else seen[: MOST - 3] + "..."
