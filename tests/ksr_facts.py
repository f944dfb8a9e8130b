"""What the fake of KSR imitates, as one list of questions that real servers are asked too."""

from typing import Any

EXPECTED: dict[str, Any] = {
    "get of a missing key": None,
    "get of a missing key of a table with an initial value": 0,
    "get in a missing table": None,
    "set in a missing table": -1,
    "inc in a missing table": -255,
    "inc in a table without an initial value": -255,
    "seti, then get": [1, 5],
    "sets, then get": [1, "five"],
    "rm, then get": [1, None],
    "rm of a missing key": 1,
    "inc twice": [1, 2],
    "inc of a text": -255,
    "seti of a text": [1, 7],
    "size of an empty queue and of a missing one": [0, -1],
    "lock twice, unlock twice": [1, 1, 1, 1],
    "add to a missing queue": -1,
    "fetch from an empty queue": -2,
    "fetch from a missing queue": -1,
    "add two, fetch two in order": [1, 1, "first", "second", -2],
    "add three to a queue of two": ["second", "third"],
    "iterate over a missing table": -1,
    "iterate over two rows": ["a", "b"],
    "an unset avp": None,
    "a variable": [0, True, "text", True, 0],
    "a missing define": None,
    "a text that is no UTF-8": "UnicodeDecodeError",
    "a text in hexadecimal digits": "736970e4",
    "a ping without To": -1,
    "reply code and reason where no reply is": [None, None],
    "SRV and NAPTR of a name that has none": [0, 0, 1, 1, 0, 0],
}

SILENT = 0
"""What a target answers that gives no answer."""
# With DNS failover: what the two targets of a name answer, and what tm tells of it: each reply's code, and
# the end with t_branch_timeout, which speaks of tm's favourite target, not of the last one.
ENDS: list[tuple[list[int], list[Any]]] = [
    ([200], [200]),
    ([301], [301, ["end", -1]]),
    ([404], [404, ["end", -1]]),
    ([408], [408, ["end", -1]]),
    ([603], [603, ["end", -1]]),
    ([999], [999, ["end", -1]]),
    ([503, 200], [503, 200]),
    ([503, 404], [503, 404, ["end", -1]]),
    ([503, 503], [503, 503, ["end", -1]]),
    ([503, SILENT], [503, ["end", 1]]),
    ([SILENT, 200], [200]),
    ([SILENT, 404], [404, ["end", -1]]),
    ([SILENT, 503], [503, ["end", 1]]),
    ([SILENT, 603], [603, ["end", -1]]),
    ([SILENT, SILENT], [["end", 1]]),
]


def gather(*_: object) -> dict[str, Any]:
    """Ask this process's KSR all the questions."""
    import KSR

    htable, mqueue = KSR.htable, KSR.mqueue
    got: dict[str, Any] = {
        "get of a missing key": htable.sht_get("keepalive_state", "none"),
        "get of a missing key of a table with an initial value": htable.sht_get("keepalive", "none"),
        "get in a missing table": htable.sht_get("none", "none"),
        "set in a missing table": htable.sht_seti("none", "none", 1),
        "inc in a missing table": htable.sht_inc("none", "none"),
        "inc in a table without an initial value": htable.sht_inc("keepalive_state", "none"),
        "seti, then get": [htable.sht_seti("facts", "n", 5), htable.sht_get("facts", "n")],
        "sets, then get": [htable.sht_sets("facts", "s", "five"), htable.sht_get("facts", "s")],
        "rm, then get": [htable.sht_rm("facts", "n"), htable.sht_get("facts", "n")],
        "inc of a text": htable.sht_inc("facts", "s"),
        "seti of a text": [htable.sht_seti("facts", "s", 7), htable.sht_get("facts", "s")],
        "size of an empty queue and of a missing one": [mqueue.mq_size("facts"), mqueue.mq_size("none")],
        "rm of a missing key": htable.sht_rm("facts", "n"),
        "inc twice": [htable.sht_inc("keepalive", "facts"), htable.sht_inc("keepalive", "facts")],
        "lock twice, unlock twice": [
            htable.sht_lock("facts", "n"),
            htable.sht_lock("facts", "n"),
            htable.sht_unlock("facts", "n"),
            htable.sht_unlock("facts", "n"),
        ],
        "add to a missing queue": mqueue.mq_add("none", "k", ""),
        "fetch from an empty queue": mqueue.mq_fetch("facts"),
        "fetch from a missing queue": mqueue.mq_fetch("none"),
        "an unset avp": KSR.pv.get("$avp(none)"),
        "a variable": [
            KSR.pv.get("$var(facts)"),
            KSR.pv.sets("$var(facts)", "text"),
            KSR.pv.get("$var(facts)"),
            KSR.pv.seti("$var(facts)", 0),
            KSR.pv.get("$var(facts)"),
        ],
        "a missing define": KSR.pv.get("$def(KEEPALIVE_NONE)"),
        "a ping without To": KSR.tm.t_uac_send(
            "OPTIONS", "sip:127.0.0.1:9", "", "", "From: <sip:a@b>\r\n", ""
        ),
        "reply code and reason where no reply is": [KSR.pv.get("$rs"), KSR.pv.get("$rr")],
        "SRV and NAPTR of a name that has none": [
            KSR.pv.get("$srvquery(facts=>count)"),
            KSR.pv.get("$naptrquery(facts=>count)"),
            KSR.ipops.srv_query("_sip._udp.none.invalid", "facts"),
            KSR.ipops.naptr_query("none.invalid", "facts"),
            KSR.pv.get("$srvquery(facts=>count)"),
            KSR.pv.get("$naptrquery(facts=>count)"),
        ],
        "iterate over a missing table": htable.sht_iterator_start("facts", "none"),
    }
    KSR.pv.sets("$var(facts)", "736970e4")
    try:
        got["a text that is no UTF-8"] = KSR.pv.get("$(var(facts){s.decode.hexa})")
    except Exception as error:
        got["a text that is no UTF-8"] = type(error).__name__
    got["a text in hexadecimal digits"] = KSR.pv.get("$(var(facts){s.decode.hexa}{s.encode.hexa})")
    fetched: list[Any] = [mqueue.mq_add("facts", "first", ""), mqueue.mq_add("facts", "second", "")]
    while mqueue.mq_fetch("facts") > 0:
        fetched.append(mqueue.mqk_get("facts"))
    got["add two, fetch two in order"] = [*fetched, mqueue.mq_fetch("facts")]

    for text in ("first", "second", "third"):
        mqueue.mq_add("two", text, "")
    two = []
    while mqueue.mq_fetch("two") > 0:
        two.append(mqueue.mqk_get("two"))
    got["add three to a queue of two"] = two

    htable.sht_rm("facts", "s")
    htable.sht_seti("facts", "a", 1)
    htable.sht_seti("facts", "b", 1)
    htable.sht_iterator_start("facts", "facts")
    keys = []
    while htable.sht_iterator_next("facts") > 0:
        keys.append(KSR.pv.get("$shtitkey(facts)"))
    got["iterate over two rows"] = sorted(keys)
    htable.sht_iterator_end("facts")
    return got
