"""What would end Kamailio a moment after its start is told at the start, and ends it there; or it is mended.

The faults lie in Kamailio's modules, which are asked whether they have them: a later version may not.
"""

import logging

from ..kamailio import modules

log = logging.getLogger("keepalive")

_PYTHON, _TLS, _DMQ = "app_python3", "tls", "dmq"


class CannotStart(Exception):
    """The server would not live for long; the log has said why."""


def check() -> None:
    """Raise while the script is loaded if this server would not live for long. Raises: CannotStart."""
    for reason in (_reason_of_tls(), _reason_of_threads()):
        if reason:
            log.error("the start ends here: %s", reason)
            raise CannotStart(reason)
    _register_workers_of_dmq()


def _reason_of_tls() -> str:
    """Say what to do if tls takes from each new process what Python keeps for the thread it runs in.

    A tls with that message (6.0.1 to 6.1.5) clears in each process the thread's own values of all keys that
    are there when its mod_init runs, in its threads mode 2, the default. Python makes its key when
    app_python3's mod_init runs, which is now.
    """
    order = modules.loaded()
    if not {_PYTHON, _TLS} <= set(order) or order.index(_TLS) < order.index(_PYTHON):
        return ""
    if modules.variable("ksr_tls_threads_mode") == 0 or not modules.has_text(_TLS, b"maximum pthreads key"):
        return ""
    return (
        "app_python3.so is loaded before tls.so, which takes from Python what it needs in each process; load"
        " tls.so first, and include keepalive behind it"
    )


def _reason_of_threads() -> str:
    """Say what to do if app_python3 waits for the interpreter that it has already.

    In threads mode 1 a function that Kamailio calls within a KSR function, as tm's event within t_uac_send,
    ends the process, unless app_python3 asks first (PyGILState_Check, 6.1.5; 6.0.1 does not).
    """
    if modules.has_text(_PYTHON, b"PyGILState_Check") or not modules.has_text(_PYTHON, b"threads_mode"):
        return ""
    if modules.variable("_ksr_apy3_threads_mode", _PYTHON) != 1:
        return ""
    return "with threads_mode 1 of app_python3 the first ping would end this Kamailio; leave it at 0"


def _register_workers_of_dmq() -> None:
    """Have Kamailio know of the processes of dmq, before they are forked, that read its settings.

    dmq does not say that it has them (5.6.3 to 6.1.5). So at the first change of a setting the core frees the
    old value too early, and processes that have not left it by then, as many as dmq has, read what lies there
    now: one ``cfg.seti`` has ended a server that way.
    """
    if _DMQ in modules.loaded() and not modules.has_text(_DMQ, b"cfg_register_child"):
        modules.register_processes(modules.variable("dmq_num_workers", _DMQ) or 0)
