"""The KEMI script of the scenarios: a MESSAGE makes a worker call a function of keepalive."""

import itertools
import json
import os
import random
import socket
import subprocess
import sys
import time

HERE = os.path.dirname(__file__)
sys.path[:0] = [os.path.join(HERE, "..", "..", "kemi"), os.path.join(HERE, "..")]

import KSR

import keepalive
from keepalive_core.kamailio import destination_rows, listeners, tables, tm
from keepalive_core.rules import cluster_lines
from keepalive_core.rules.cluster_voice import own_state
from keepalive_core.rules.policy import Policy, Settings
from keepalive_core.rules.ways import way_of


def _tell(name, uri, state, user_attr):
    answer = keepalive.is_alive(uri)
    # What can have been the answer: it may be newer than the event. Asked later, so that it misses nothing.
    changes = len(keepalive.info(uri).get("history", ()))
    KSR.info(f"EVENT {json.dumps([name, uri, state, user_attr, answer, os.getpid(), changes])}\n")


def on_change(uri, state, user_attr):
    """Tell of a change of one owner's destination."""
    _tell("on_change", uri, state, user_attr)


def on_any_change(uri, state, user_attr):
    """Tell of any destination's change."""
    if keepalive.info(uri).get("cluster", {}).get("mine"):
        KSR.info(f"ACTS FOR ALL {state} {uri}\n")
    _tell("on_any_change", uri, state, user_attr)


def fails(uri, state, user_attr):
    """Fail."""
    raise RuntimeError("this callback fails")


def exits(uri, state, user_attr):
    """Try to end the process."""
    sys.exit(1)


def sleeps(uri, state, user_attr):
    """Wait for seconds, as for a database that does not answer."""
    time.sleep(user_attr)


def forks(uri, state, user_attr):
    """Come back twice, and wait for a program."""
    os.fork()
    subprocess.run(["true"], check=True)


def on_event(uri, state, user_attr, event):
    """Tell of a change with all that is known."""
    KSR.info(f"KNOWN {json.dumps([uri, state, event])}\n")


def deletes_itself(uri, state, user_attr):
    """Delete the destination that changed, and add another."""
    deleted = keepalive.del_destination(uri, "test")
    added = keepalive.add_destination(user_attr, "test")
    _tell("deletes_itself", uri, state, [deleted, added])


def evaluate(text):
    """Return what a Python expression gives, as Python writes it."""
    return repr(eval(text, {"keepalive": keepalive, "KSR": KSR}))


def flap(uris, seconds, seed):
    """Report failures and successes of destinations at random for a time; return how many."""
    chance, until, done = random.Random(seed), time.monotonic() + seconds, 0
    while time.monotonic() < until:
        report = chance.choice((keepalive.report_failure, keepalive.report_success))
        report(chance.choice(uris), "flapping")
        done += 1
    return done


def fewest(group, pattern, number, seconds):
    """Return how many of a group's members is_alive said 1 of at least, at any moment of a time.

    Nobody changes the group while they are counted, as its lock is held.
    Arguments: group; pattern, of their URIs, with two numbers; number, of them; seconds.
    """
    uris = [pattern.format(at // 250, at % 250 + 1) for at in range(number)]
    until, found = time.monotonic() + seconds, number
    while time.monotonic() < until:
        with tables.locked(group, tables.GROUP):
            found = min(found, sum(keepalive.is_alive(uri) == 1 for uri in uris))
    return found


def changes(uris, state, seconds):
    """Return when each destination came into a state, in s of the machine's clock: by own pings, and for all.

    Arguments: uris; state; seconds, within which it happens, or stands there as None.
    """
    until, found = time.monotonic() + seconds, {uri: [None, None] for uri in uris}
    while time.monotonic() < until and not all(all(times) for times in found.values()):
        for uri, times in found.items():
            known = None if all(times) else destination_rows.health(f"{uri}:5060")
            if known is not None:
                now = time.monotonic()
                times[0] = times[0] or (now if own_state(known) == state else None)
                times[1] = times[1] or (now if known.state == state else None)
        time.sleep(0.002)
    return list(found.values())


def misjudged(hops, sockets):
    """Return the ways of which keepalive says that they are possible and Kamailio that not, or vice versa."""
    headers = "From: <sip:a@b>\r\nTo: <sip:a>\r\n"
    wrong = []
    for hop, leaving in itertools.product(hops, sockets):
        hindrance = listeners.departure(hop, leaving).hindrance
        if (KSR.tm.t_uac_send("OPTIONS", "sip:a", hop, leaving, headers, "") > 0) is not (hindrance == ""):
            wrong.append([hop, leaving, hindrance])
    return wrong


def refused_by_tm(name, values):
    """Return those values of a parameter with which tm sends no ping to an address."""
    refused = []
    for value in values:
        uri = value if name == "uri" else "sip:127.0.0.1:9"
        policy = Policy(Settings().values(), {} if name == "uri" else {name: value})
        policy.proxy = "sip:127.0.0.1:9"
        way = way_of("key", uri, policy)
        if not tm.send("key", 1, uri, policy, way):
            refused.append(value)
    return refused


def addresses(name):
    """Return the addresses of a name in their order of text, or why there is none, as the resolver says."""
    try:
        return sorted({each[4][0] for each in socket.getaddrinfo(name, 5060)})
    except socket.gaierror as fault:
        return [
            name for name in dir(socket) if name.startswith("EAI_") and getattr(socket, name) == fault.errno
        ]


def records(kind, name, *fields):
    """Return what ipops says of the records of a name, of each some fields.

    Arguments: kind, "srv" or "naptr"; name; fields, as its pseudo-variable calls them.
    """
    # Asked for before the first question, it makes the place for the answers.
    KSR.pv.get(f"${kind}query(x=>count)")
    if getattr(KSR.ipops, f"{kind}_query")(name, "x") < 1:
        return []
    number = KSR.pv.get(f"${kind}query(x=>count)")
    return [[KSR.pv.get(f"${kind}query(x=>{field}[{at}])") for field in fields] for at in range(number)]


CALLBACKS = {
    function.__name__: function
    for function in (on_change, on_event, fails, exits, sleeps, forks, deletes_itself)
}


class Router(keepalive.Handlers):
    """Answers a MESSAGE with what the function in its body returned, and an OPTIONS with 200."""

    def ksr_request_route(self, msg):
        """Do what the body says."""
        if keepalive.on_dmq():  # with KEEPALIVE_OWN_PRE_ROUTING
            KSR.info(f"REQUEST ROUTE {KSR.pv.get('$rm')} {KSR.pv.get('$rU')}\n")
            return 1
        if KSR.pv.get("$rm") != "MESSAGE":
            group = KSR.pv.get("$def(ANSWER_GROUP)")  # for test_answer_options.py
            if group is None or keepalive.answer_options(group.strip('"')) != 1:
                KSR.sl.sl_send_reply(200 if group is None else 404, "OK")
            return 1
        request = json.loads(KSR.pv.get("$rb"))
        options = request["options"]
        arguments = [CALLBACKS.get(arg, arg) if isinstance(arg, str) else arg for arg in request["args"]]
        here = sys.modules[__name__]
        ours = ("evaluate", "flap", "fewest", "changes", "misjudged", "refused_by_tm", "addresses", "records")
        where = here if request["call"] in ours else keepalive
        value = getattr(where, request["call"])(*arguments, **options)
        KSR.hdr.append_to_reply(f"X-Result: {json.dumps({'value': value, 'pid': os.getpid()})}\r\n")
        KSR.sl.sl_send_reply(200, "OK")
        return 1


def _say_more():
    """Have this node of a cluster say what a later version may: more fields behind each line, more lines."""
    for name in ("head", "beat_line", "word_line", "fact_line"):
        written = getattr(cluster_lines, name)
        setattr(cluster_lines, name, lambda *given, written=written: f"{written(*given)} later=1")
    signed = cluster_lines.body
    cluster_lines.body = lambda lines, secret: signed([*lines, "weather 12 rain"], secret)


def mod_init():
    """Register what every scenario has."""
    if KSR.pv.get("$def(LATER_LINES)"):
        _say_more()
    keepalive.register_callback(on_any_change, "all")
    for name, value in json.loads(KSR.pv.get("$def(MODPARAMS)") or "{}").items():
        keepalive.modparam(name, value)
    for uri in (KSR.pv.get("$def(MOD_INIT_DESTINATIONS)") or "").strip('"').split():
        keepalive.add_destination(uri, "mod_init", 0, on_change, {"from": "mod_init"})
    return Router()
