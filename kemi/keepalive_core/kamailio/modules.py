"""Kamailio's modules: which are loaded, in what order, and what is read of their code as a debugger does.

No function of KSR tells of a module's parameter, none of how a module is built, and none of its processes.
"""

import os
from functools import cache
from pathlib import Path
from types import ModuleType

import KSR

MAPS = Path("/proc/self/maps")


def loaded() -> list[str]:
    """Return the modules that have functions for scripts, in the order of their ``loadmodule`` lines."""
    return [name for name, value in vars(KSR).items() if isinstance(value, ModuleType)]


def variable(name: str, module: str = "") -> int | None:
    """Return a C variable of type int, of a module or, if none is named, of Kamailio itself.

    Returns: None if there is none of that name, or if it can't be read.
    """
    try:
        # Some systems come without it, and forbid what it does at its import.
        import ctypes

        library = ctypes.CDLL(_file(module) if module else None, mode=os.RTLD_NOLOAD)
        return ctypes.c_int.in_dll(library, name).value
    except (ImportError, MemoryError, OSError, ValueError):
        return None


def engine() -> str | None:
    """Return what kamailio.cfg routes by: "" its own routes, or the language of its script, such as python.

    Returns: None if it can't be read.
    """
    try:
        import ctypes

        # Its first member is the name, in the structure itself.
        get = ctypes.CDLL(None).sr_kemi_eng_get
        get.restype = ctypes.c_void_p
        found = get()
        return ctypes.string_at(found).decode("ascii", "replace") if found else ""
    except (ImportError, MemoryError, OSError, AttributeError):
        return None


def register_processes(number: int) -> bool:
    """Have Kamailio keep an old value of a setting until so many more processes have left it.

    It has to be called before a process is forked.

    Returns: False if it can't be done.
    Source: cfg_register_child() of Kamailio's core, which a module calls for the processes it brings.
    """
    try:
        import ctypes

        register = ctypes.CDLL(None).cfg_register_child
        register.restype = None
        register(ctypes.c_int(number))
        return True
    except (ImportError, MemoryError, OSError, AttributeError):
        return False


def has_text(module: str, text: bytes) -> bool:
    """Say whether a loaded module's file has a text, such as a message or the name of a function it calls.

    Returns: False, too, if the file can't be read.
    """
    try:
        return text in Path(_file(module)).read_bytes()
    except OSError:
        return False


@cache
def _file(module: str) -> str:
    """Return the path of the file from which a module is loaded. Raises: FileNotFoundError."""
    for line in MAPS.read_text(errors="surrogateescape").splitlines():
        path = line[line.find("/") :]
        if path.endswith(f"/{module}.so"):
            return path
    raise FileNotFoundError(f"{module}.so is not loaded")
