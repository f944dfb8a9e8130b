"""Every function that Kamailio calls for keepalive, each in the process that it is for."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .kamailio import cluster_defines, kamailio_log, tm
from .services import (
    back_office,
    callbacks,
    cluster_process,
    dispatcher_sets,
    installed,
    intake,
    preflight,
    prober,
    reloads,
    resolver,
    script_start,
    watch,
)
from .services.adoption import the_adoption
from .services.refusals import done

kamailio_log.install()
installed.announce()
preflight.check()
# Read once, for all processes, which are forks of this one.
cluster_defines.read()
script_start.look_at_mod_init()


class Handlers:
    """Every function that Kamailio calls for keepalive; mix it into the class of your script.

    A class that overrides child_init, ksr_reply_route or ksr_onsend_route need not call super(). What the
    methods that are named here return, and ksr_request_route, reaches Kamailio as an int in every case: None
    as 0 from child_init, else as 1.
    """

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        reloads.make_answer_ints(cls)

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            """Look again for what Kamailio did not find.

            After a call that it could not make, as with a text that is no UTF-8 or of a function that is not
            there, it leaves Python's error set (5.6.3), and then each look-up fails in that process: no reply
            would be taken any more. This function is called in its place, and the error is gone.
            """
            return object.__getattribute__(self, name)

    def child_init(self, rank: int) -> int:
        """Let each process start."""
        return 0

    def ksr_reply_route(self, msg: object) -> int:
        """Let every reply pass: Kamailio 5.6 breaks the next KSR call if this method is missing."""
        return 1

    def ksr_onsend_route(self, msg: object) -> int:
        """Let every request pass: Kamailio 5.6 breaks the next KSR call if this method is missing."""
        return 1

    def ksr_keepalive_tick(self, msg: object, event: str = "") -> int:
        """Send the pings that are due; rtimer calls it each 90 ms in a process of its own."""
        return _timed("ksr_keepalive_tick", prober.the_prober.tick)

    def ksr_keepalive_callbacks(self, msg: object, event: str = "") -> int:
        """Run the callbacks that are due; rtimer calls it ten times a second in a process of its own."""
        return _timed("ksr_keepalive_callbacks", callbacks.the_teller.tick)

    def ksr_keepalive_watch(self, msg: object, event: str = "") -> int:
        """Notice when the server hears nothing, or waits; rtimer calls it ten times a second by itself."""
        _timed("ksr_keepalive_watch", watch.the_watch.beat)
        return done(callbacks.the_overseer.look)

    def ksr_keepalive_state_file(self, msg: object, event: str = "") -> int:
        """Write the state file, and answer kamcmd; rtimer calls it ten times a second in its own process."""
        return _timed("ksr_keepalive_state_file", back_office.the_back_office.tick)

    def ksr_keepalive_resolve(self, msg: object, event: str = "") -> int:
        """Ask DNS for the addresses behind names; rtimer calls it ten times a second in its own process."""
        return _timed("ksr_keepalive_resolve", resolver.the_resolver.tick)

    def ksr_keepalive_wrong_include(self, msg: object, event: str = "") -> int:
        """Tell of the wrong include: native routes with keepalive.cfg have nothing but this called."""
        return done(the_adoption.look)

    def ksr_keepalive_dispatcher(self, msg: object, event: str = "") -> int:
        """Have dispatcher's sets obey; with KEEPALIVE_DISPATCHER rtimer calls it ten times a second."""
        return _timed("ksr_keepalive_dispatcher", dispatcher_sets.the_sets.tick)

    def ksr_keepalive_http(self, msg: object, event: str = "") -> int:
        """Serve HTTP for a second, then again; with KEEPALIVE_HTTP, in a process of its own."""
        return _timed("ksr_keepalive_http", _serve)

    def ksr_keepalive_cluster(self, msg: object, event: str = "") -> int:
        """Speak with the other nodes; with KEEPALIVE_NODE rtimer calls it ten times a second by itself."""
        return _timed("ksr_keepalive_cluster", cluster_process.the_cluster.tick)

    def ksr_keepalive_tm_event(self, msg: object, event: str = tm.LOCAL_REQUEST) -> int:
        """Give a leaving ping its time limit and its reply and failure function; tm calls it."""
        return done(tm.on_event, event)

    def ksr_keepalive_reply(self, msg: object) -> int:
        """Take a ping's reply; tm calls it in the worker that received it."""
        return done(intake.take_reply)

    def ksr_keepalive_failure(self, msg: object) -> int:
        """Take a ping's end, if no target answered with a 2xx; tm calls it when it has no target left."""
        return done(intake.take_end)


reloads.make_answer_ints(Handlers, they_do=True)


def _serve() -> None:
    """Turn the loop that serves HTTP, of which no other process is to know: asyncio takes memory, too."""
    from .cockpit import process

    process.the_process.turn()


def _timed(name: str, task: Callable[[], object]) -> int:
    """Do what the timer of a name is for; if there is nothing to do, its log has nothing to say."""
    if not the_adoption.is_sound:
        done(the_adoption.at_work, name)
    if time.monotonic() >= kamailio_log.look_at:
        done(kamailio_log.keep_quiet)
    return done(task)
