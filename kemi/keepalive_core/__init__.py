"""What lies behind keepalive.py, on floors; a module may import its own floor and those below.

::

    keepalive.py    what scripts call
    handlers.py     what Kamailio calls: timers, tm, and (native_handlers.py) routes of a native kamailio.cfg
    cockpit/        what operators see over HTTP, in one process: RPC, metrics, the page, events, webhooks
    services/       what is done: destinations come and go, pings leave, results are judged and told
    kamailio/       the way to Kamailio and its process: KSR, shared tables, the log, sockets, the kernel
    rules/          decisions: time and evidence in, what follows out; no KSR, no clock, no file, no log

Kamailio's processes, each with an interpreter of its own, share nothing but tables and queues
(each module of kamailio/ lists its rows, beginning with tables.py)::

     SIP workers               probers 0 to 7 (rtimer)      watch               callbacks        state file
     request: is_alive  --+    each 90 ms:                  each 100 ms:        each 100 ms:     each 100 ms:
     reply of a ping -----+    changes, deadlines, pings    does this server    runs functions   writes, and
     report_reply --------+    ^              |             hear anything?      ^
                          |    | queue        | t_uac_send                      | queue of events   answers
     tm's timer process   |    | of changes   v                                 |
     end of a ping -------+--> tables: health, state, destination, group, ... --+
            verdicts.py, under the destination's lock, writes each change of state down

A ping's way: ``prober`` finds it due, ``pinging`` lets it go, ``tm`` sends it. Its reply or its end is read
by ``answers`` and comes in through ``intake``; ``deciding`` judges it; ``verdicts`` writes what follows,
tells the log, and queues it for ``callbacks``. A name is not pinged: one more process, ``resolver``, asks DNS
for the addresses behind it, and registers each as a target, with rows like a destination's; the name's prober
has its state follow theirs (``name_states``). With KEEPALIVE_DISPATCHER there is one more process: it has
dispatcher's sets obey (``dispatcher_sets``). With KEEPALIVE_HTTP there is one that serves operators
(``cockpit/process``): it reads the tables, orders as any process may (``operators``), and learns of changes
by a queue (``feed``); a verdict on a ping adds one to a counter (``counter_rows``), and that is all.

Locks are taken in this order, never two of one kind: a destination's (its slot of ``keepalive_health``), then
its group's or its uplink's, then, for one read and one write, that of what is_alive reads. Inside of them
nothing is sent, called back or waited for.
"""

from typing import Final

VERSION: Final = "1.0.0"
"""of all that is in kemi/: pyproject.toml and the packages read it here"""
