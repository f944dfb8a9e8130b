"""The KEMI script of all contenders: a MESSAGE makes a worker measure something."""

import json
import os
import sys
import time

import KSR

HERE = os.path.dirname(__file__)
# Of this version, or of the one that it is compared with.
KEMI = (KSR.pv.get("$def(KEMI)") or "").strip('"') or os.path.join(HERE, "..", "kemi")
sys.path[:0] = [HERE, KEMI]

import fleet

OURS = hasattr(KSR, "htable")
if OURS:
    import keepalive

ROUNDS = 7


def is_alive(number, port, least=20_000):
    """Return the microseconds of ``if is_alive(uri) == 1``, the best of several rounds over all destinations.

    The loop around it is taken off, the call is not.

    Arguments: least, how many questions a round has at the least.
    """
    ask = keepalive.is_alive if OURS else KSR.keepalive.is_alive
    # The C module knows what modparam gave it without the scheme only (5.6.3).
    uris = [uri if OURS else uri.removeprefix("sip:") for uri in fleet.uris(number, port)]
    assert all(ask(uri) == 1 for uri in uris), "all are up"
    times = -(-least // number)

    def asked():
        for uri in uris:
            if ask(uri) == 1:
                pass

    def not_asked():
        for _ in uris:
            pass

    return _best(asked, times, number) - _best(not_asked, times, number)


def _best(run, times, number, rounds=ROUNDS):
    took = []
    for _ in range(rounds):
        began = time.process_time_ns()
        for _ in range(times):
            run()
        took.append((time.process_time_ns() - began) / 1000 / times / number)
    return min(took)


def idle_tick(destinations):
    """Return the microseconds of a tick in which nothing is due, the mean of 2,000."""
    from keepalive_core.rules.schedule import SECOND
    from keepalive_core.services.prober import Prober

    prober = Prober()
    prober.tick()
    later = time.monotonic_ns() // 1000 + 3600 * SECOND
    prober._changes.to_look_at.clear()
    prober._fleet.pings = type(prober._fleet.pings)()
    for number in range(destinations):
        prober._fleet.pings.put(f"destination {number}", later + number)
    prober.tick()
    began = time.perf_counter_ns()
    for _ in range(2000):
        prober.tick()
    return (time.perf_counter_ns() - began) / 1000 / 2000


def churn(user, number, port, rounds):
    """Add and delete destinations, and add them for good; return what was done, in what time, by whom."""
    uris = fleet.uris(number, port, user)
    began = time.perf_counter()
    failed = 0
    for _ in range(rounds):
        for uri in uris:
            failed += keepalive.add_destination(uri, "churn") != 0
        for uri in uris:
            failed += keepalive.del_destination(uri, "churn") != 0
    for uri in uris:
        failed += keepalive.add_destination(uri, "churn") != 0
    took = time.perf_counter() - began
    return {"changes": (2 * rounds + 1) * len(uris), "seconds": took, "failed": failed, "pid": os.getpid()}


def leave(user, number, port):
    """Delete the destinations that churn left; return how many could not be."""
    return sum(keepalive.del_destination(uri, "churn") != 0 for uri in fleet.uris(number, port, user))


def monitored(user, number, port):
    """Return how many of the destinations are monitored."""
    return sum(keepalive.state(uri) >= 0 for uri in fleet.uris(number, port, user))


def add(number, port, group="", options=None):
    """Add destinations one by one, to a group if one is named; return the seconds of CPU that it took."""
    uris = fleet.uris(number, port)
    began = time.process_time_ns()
    for uri in uris:
        assert keepalive.add_destination(uri, "bench", group=group, **(options or {})) == 0
    return (time.process_time_ns() - began) / 1e9


def change(first, last, number, port, seconds):
    """Have some of the destinations fail and come back in turns, by reports, for a time.

    Returns: how many changes that were; how often a lock was waited for, for how long at the longest, us, and
    how often for more than 1 ms; and for how long one was held at the longest, us of CPU.
    """
    uris = fleet.uris(number, port)[first:last]
    lock, unlock = KSR.htable.sht_lock, KSR.htable.sht_unlock
    waits, since, longest = [], {}, 0

    def locking(table, key):
        began = time.perf_counter_ns()
        done = lock(table, key)
        waits.append(time.perf_counter_ns() - began)
        since.setdefault((table, key), time.thread_time_ns())
        return done

    def unlocking(table, key):
        nonlocal longest
        done = unlock(table, key)
        longest = max(longest, time.thread_time_ns() - since.pop((table, key), time.thread_time_ns()))
        return done

    KSR.htable.sht_lock, KSR.htable.sht_unlock = locking, unlocking
    changes, began = 0, time.monotonic()
    try:
        while time.monotonic() < began + seconds:
            for report in (keepalive.report_failure, keepalive.report_success):
                for uri in uris:
                    report(uri, "bench")
                changes += len(uris)
    finally:
        KSR.htable.sht_lock, KSR.htable.sht_unlock = lock, unlock
    return {
        "changes": changes,
        "waits": len(waits),
        "longest_wait": max(waits) / 1000,
        "over_1_ms": sum(wait > 1_000_000 for wait in waits),
        "longest_held": longest / 1000,
    }


def cost_of_change(first, last, number, port):
    """Return the microseconds of a destination's failure, and of its coming back: the best of some rounds."""
    uris = fleet.uris(number, port)[first:last]

    def fail_and_come_back():
        for report in (keepalive.report_failure, keepalive.report_success):
            for uri in uris:
                report(uri, "bench")

    return _best(fail_and_come_back, 1, 2 * len(uris), 3)


def cost_of_alive(group, member, stranger):
    """Return the microseconds of alive(group): as before, after a change elsewhere, after one inside."""
    took = {"as before": [], "elsewhere": [], "inside": []}
    keepalive.alive(group)
    for _ in range(21):
        for name, changed in (("as before", None), ("elsewhere", stranger), ("inside", member)):
            if changed:
                keepalive.report_failure(changed, "bench")
                keepalive.report_success(changed, "bench")
            began = time.perf_counter_ns()
            keepalive.alive(group)
            took[name].append((time.perf_counter_ns() - began) / 1000)
    return {name: sorted(each)[len(each) // 2] for name, each in took.items()}


def report_all(function, number, port):
    """Report all destinations alike, "report_success" or "report_failure"."""
    for uri in fleet.uris(number, port):
        getattr(keepalive, function)(uri, "bench")


def asked_by_answer(number, port, answer, user=""):
    """Return the microseconds of is_alive of destinations that all get one answer, the best of rounds."""
    uris = fleet.uris(number, port, user)
    assert all(keepalive.is_alive(uri) == answer for uri in uris), "all get this answer"

    def asked():
        for uri in uris:
            keepalive.is_alive(uri)

    return _best(asked, max(1, 20_000 // number), number)


def totals():
    """Return what all destinations together have seen."""
    known = keepalive.list()
    return {
        "monitored": len(known),
        "up": sum(each["state"] == "up" for each in known),
        "ok": sum(each["ok"] for each in known),
        "failed": sum(each["failed"] for each in known),
        "timeouts": sum(each["timeouts"] for each in known),
        "changes": sum(len(each["history"]) for each in known),
    }


class Router(keepalive.Handlers if OURS else object):
    """Answers a MESSAGE with what the function in its body returned."""

    def ksr_request_route(self, msg):
        """Do what the body says."""
        if KSR.pv.get("$rm") != "MESSAGE":
            KSR.sl.sl_send_reply(200, "OK")
            return 1
        name, *args = json.loads(KSR.pv.get("$rb"))
        value = globals()[name](*args)
        KSR.hdr.append_to_reply(f"X-Result: {json.dumps(value)}\r\n")
        KSR.sl.sl_send_reply(200, "OK")
        return 1

    def child_init(self, rank):
        return 0

    def ksr_reply_route(self, msg):
        return 1

    def ksr_onsend_route(self, msg):
        return 1


def mod_init():
    """Start."""
    return Router()
