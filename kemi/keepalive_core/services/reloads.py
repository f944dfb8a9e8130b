"""A reload of the script that fails changes nothing: the script that runs goes on.

At ``app_python.reload`` each process executes the script's file again in the script's module, asks its
mod_init for a new handler, and calls that one's child_init. If one of these fails, Kamailio (seen on 5.6.3,
6.0.1 and 6.1.5) tries again with each message and each tick, and each time gives away a reference that it
needs: to the handler, or to the function that it writes tracebacks with. Our timers call 30 times a second:
it ends within two seconds.

So none of the three fails. ``importlib.reload``, which Kamailio calls, first asks the finders of
``sys.meta_path``: ours has the file executed by a loader that puts everything back if that fails. What
mod_init and child_init do is looked at likewise.
"""

import inspect
import logging
import sys
from collections.abc import Callable, Sequence
from functools import wraps
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from types import CodeType, FrameType, FunctionType, MethodType, ModuleType
from typing import Any, Final

from . import configuration, files, installed, loads
from .handler_methods import CHILD_INIT, answering_int, as_int, called, without_self

log = logging.getLogger("keepalive")

# What Kamailio (app_python3) asks a script for.
MOD_INIT: Final = "mod_init"
# The most characters of an error that are told.
_MOST_TOLD: Final = 300


def _script() -> str:
    """Return the name of the module that Kamailio executes: all else is imported by that, this too."""
    frame: FrameType | None = sys._getframe()
    name = ""
    while frame is not None:
        within = str(frame.f_globals.get("__name__"))
        name = name if within.startswith("importlib") else within
        frame = frame.f_back
    return name


class _Process:
    """What this process knows of the script, its handler, and of a reload that is going on."""

    def __init__(self) -> None:
        self.script = _script()
        self.handler: object = None
        """what Kamailio calls; None until its child_init is called"""
        self.reloads = False
        """whether the next child_init is that of a reload"""
        self.refused = False
        """whether that reload was refused"""


_process = _Process()


def script() -> str:
    """Return the name of the module that Kamailio executes."""
    return _process.script


class UnusableScript(Exception):
    """The script can't be used; the message says why."""


class _Finder(MetaPathFinder):
    """Finds a module that is being reloaded, if it is the script."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if _process.handler is None:
            return None
        file = getattr(target, "__file__", None)
        if not file or fullname != _process.script:
            installed.look_before_an_import(fullname)
            return None
        # The very file, whatever sys.path may name first by now.
        return spec_from_file_location(fullname, file, loader=_Loader(fullname, file))


class _Loader(SourceFileLoader):
    """Executes the script's file; if that fails, the module is what it was."""

    def get_code(self, fullname: str) -> CodeType:
        # As it is now: bytecode that is stored may be that of the same second, before the change.
        with files.open_regular(self.path) as file:
            return self.source_to_code(file.read(), self.path)

    def exec_module(self, module: ModuleType) -> None:
        # Kamailio would take an old one for the file's.
        vars(module).pop(MOD_INIT, None)
        before = vars(module).copy()
        _process.refused = False
        loads.begin()
        try:
            installed.look_before_a_reload(module.__name__)
            super().exec_module(module)
            mod_init = vars(module).get(MOD_INIT)
            if not callable(mod_init):
                raise UnusableScript(f"it has no {MOD_INIT}")
        except BaseException as error:  # a sys.exit() in the script would end Kamailio, too
            mod_init = _refuse(module, before, error)
        else:
            mod_init = _checked(module, before, mod_init)
        vars(module)[MOD_INIT] = mod_init


def _checked(
    module: ModuleType, before: dict[str, Any], mod_init: Callable[[], object]
) -> Callable[[], object]:
    """Return a mod_init that always gives a handler: a new one that has what Kamailio calls, or the old."""

    def checked() -> object:
        _process.reloads = True
        vars(module)[MOD_INIT] = mod_init
        try:
            handler = mod_init()
            _check_handler(handler)
            _make_its_answers_ints(handler)
        except BaseException as error:
            vars(module)[MOD_INIT] = _refuse(module, before, error)
            return _process.handler
        return handler

    return checked


def _refuse(module: ModuleType, before: dict[str, Any], error: BaseException) -> Callable[[], object]:
    """Make the module what it was, and say why in one line; return a mod_init for it."""
    names = vars(module)
    names.update(before)
    for name in names.keys() - before.keys():
        del names[name]
    loads.refuse()
    _process.refused = True
    if not isinstance(error, installed.Replaced):
        why = told(error)
        log.error("the reload of %s is refused, the script that runs goes on: %s", module.__file__, why)
    return _handler_that_runs


def _check_handler(handler: object) -> None:
    """Refuse a handler in which Kamailio can't call what it calls. Raises: UnusableScript."""
    for name in called(_process.handler):
        method = getattr(handler, name, None)
        if not callable(method):
            raise UnusableScript(f"its {MOD_INIT} returned {handler!r:.60}, which has no {name}")
        try:
            signature = inspect.signature(method)
        except (TypeError, ValueError):
            continue  # of a function that is not written in Python
        try:
            signature.bind(None)
        except TypeError as error:
            raise UnusableScript(f"its {name} can't be called as Kamailio does: {error}") from None


def _handler_that_runs() -> object:
    _process.reloads = True
    return _process.handler


def check(path: object = "") -> bool:
    """Look at a script's file before it is reloaded, as far as that goes without executing it.

    Arguments: path, of the file; "" for that of the script that runs.
    Returns: whether it is the file of the script that runs.
    Raises: UnusableScript for what no reload would take.
    """
    running = getattr(sys.modules.get(_process.script), "__file__", None)
    file = str(path or running)
    try:
        if not path and _process.script == installed.API and installed.is_replaced():
            raise UnusableScript(installed.refusal())
        if not Path(file).is_file():  # a FIFO would be read for ever
            raise UnusableScript("there is no such file")
        code = compile(Path(file).read_bytes(), file, "exec", dont_inherit=True)
        # A * may import it.
        if MOD_INIT not in code.co_names and ("*",) not in code.co_consts:
            raise UnusableScript(f"it has no {MOD_INIT}")
        return running is not None and Path(file).samefile(running)
    except (UnusableScript, OSError, SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise UnusableScript(f"{file[:_MOST_TOLD]} is not reloaded: {told(error)}") from None


def told(error: BaseException) -> str:
    """Return what an error is, and its place, in one line of bounded length."""
    text = _said(error) if isinstance(error, UnusableScript) else f"{type(error).__name__}: {_said(error)}"
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is not None and not isinstance(error, UnusableScript | SyntaxError | OSError):
        text = f"{text[:_MOST_TOLD]} ({trace.tb_frame.f_code.co_filename}, line {trace.tb_lineno})"
    return " ".join(text.split())[: 2 * _MOST_TOLD]


def _said(error: BaseException) -> str:
    try:
        return str(error)
    except BaseException:  # of the script's own kinds one may fail at that, too
        return "what it says can't be read"


def make_answer_ints(handlers: type, they_do: bool = False) -> None:
    """Have the methods that Kamailio calls return an int in every case: it breaks on anything else.

    Arguments: handlers; they_do, whether they return an int anyway, so that a ping need not pay for it.
    """
    for name in called(handlers):
        method = inspect.getattr_static(handlers, name)
        if isinstance(method, FunctionType) and not hasattr(method, "answers_int"):
            answering: Any = method if they_do else answering_int(method)
            answering = _starting(method) if name == CHILD_INIT else answering
            answering.answers_int = True
            setattr(handlers, name, answering)


def _make_its_answers_ints(handler: object) -> None:
    """Do for a handler what make_answer_ints() could not do for its class.

    Some methods may be its own, or no functions of a class of ours. Raises: AttributeError if it has no room.
    """
    for name in called(handler):
        method = getattr(handler, name)
        if not hasattr(method, "answers_int"):
            function = without_self(method)
            answering = _starting(function) if name == CHILD_INIT else answering_int(function)
            setattr(handler, name, MethodType(answering, handler))


def _starting(child_init: FunctionType) -> Any:
    @wraps(child_init)
    def start(handler: object, *args: Any) -> int:
        reloads, _process.reloads = _process.reloads, False
        _process.handler = handler
        if reloads and _process.refused:
            return 0  # it has started long ago
        loads.end()
        # Else a worker does it at its first verdict, which takes 4 ms, under a destination's lock.
        configuration.read_defines()
        try:
            answer = as_int(child_init(handler, *args), 0, child_init)
        except BaseException as error:
            # At the start Kamailio says so, and ends, as it should.
            if not reloads:
                raise
            log.error("child_init failed after a reload, the new script goes on: %s", told(error))
            return 0
        if reloads and answer < 0:
            log.error("child_init answered %d after a reload, the new script goes on", answer)
            return 0
        return answer

    return start


sys.meta_path.insert(0, _Finder())
