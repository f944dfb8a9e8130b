"""Commands that operators type for kamcmd, and the answers; htable drops each after a minute.

======================  ==================  ==============================================
table                   key                 value
======================  ==================  ==============================================
``keepalive_commands``  any word            a command, until it is taken
``keepalive_answers``   the command's key   the answer to it, lines of text
======================  ==================  ==============================================
"""

import KSR

from .tables import ANSWERS, COMMANDS, all_keys, locked, store


def waiting() -> list[str]:
    """Return the keys under which somebody wants something."""
    return all_keys(COMMANDS)


def take(key: str) -> str | None:
    """Take a command, and the former answer under its key; None if it is no text."""
    with locked(key, COMMANDS):
        try:
            text = KSR.htable.sht_get(COMMANDS, key)
        except UnicodeDecodeError:
            text = None
        KSR.htable.sht_rm(COMMANDS, key)
    KSR.htable.sht_rm(ANSWERS, key)
    return text if isinstance(text, str) else None


def store_answer(key: str, text: str) -> None:
    """Answer what was asked under a key. Raises: SharedMemoryFull."""
    store(ANSWERS, key, text)
