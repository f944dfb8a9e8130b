"""What the kit's fake of KSR imitates, as one table of calls that real servers make too.

It is a KEMI script of plain functions. A request names a row by its header X-Row; the script makes the
row's calls, each in the situation that the row says, and logs what came of them.
"""

from __future__ import annotations

import json
import sys
from types import ModuleType
from typing import Any, NamedTuple

SILENT = 0
"""what a gateway answers that gives no answer"""
INVITE, IN_DIALOG = "INVITE sip:bob@127.0.0.1:SERVER", "BYE sip:carol@192.0.2.7:5070"
TAG = "To: <sip:bob@example.com>;tag=abc"
RELAY = """
    pv.sets("$du", "sip:127.0.0.1:GATEWAY_A")
    tm.t_on_failure("ksr_failure")
    tm.t_on_reply("ksr_reply")
    tm.t_relay()
"""
RELAY_ON = """
    pv.sets("$du", "sip:127.0.0.1:GATEWAY_B")
    tm.t_on_reply("ksr_reply")
    tm.t_relay()
"""
URI_AT_HAND = """
    is_myself_ruri()
    setuser("x")
    pv.sets("$rU", "x")
    pv.sets("$rd", "x")
    pv.get("$ru")
    pv.get("$rU")
"""


class Row(NamedTuple):
    """One situation, and the calls in it, one a line.

    Arguments: route, calls of the request's route; request, method and URI; headers, more of its lines;
    answers, what the gateways answer in turn, SILENT for nothing; reply, calls of the reply route; failure,
    of the failure route, each time that it runs; branch, of the branch route; event, of tm's event for what
    t_uac_send sends; then, what the client sends behind it: the same "again", or a "CANCEL"; every_reply, of
    the route of all replies; onsend, of the onsend route.
    """

    route: str
    request: str = "MESSAGE sip:bob@127.0.0.1:SERVER"
    headers: tuple[str, ...] = ()
    answers: tuple[int, ...] = ()
    reply: str = ""
    failure: str = ""
    branch: str = ""
    event: str = ""
    then: str = ""
    every_reply: str = ""
    onsend: str = ""


def pv(names: str) -> str:
    """Calls that read pseudo-variables."""
    return "\n".join(f'pv.get("{name}")' for name in names.split())


def of(name: str, function: str, *texts: str) -> str:
    """Calls that give a variable one text after the other, each time with another call."""
    return "\n".join(f'pv.sets("{name}", {text!r})\n{function}' for text in texts)


OF_A_REQUEST = """
    $rm $ru $rU $rd $rp $rz $rP $fu $fU $fd $ft $fn $tu $tU $td $tt $tn $ci $cs $ct $cT $ua $rb $bs $mb $ml
    $si $sp $su $pr $proto $Ri $Rp $Ru $rs $rr $du $dd $dp $ou $oU $hdr(X-More) $hdr(X-None) $var(none)
    $avp(none)
"""

_WAY = pv("$su $si $sp $pr $proto $Ru $Ri $Rp")
_RECORDED = "Record-Route: <sip:127.0.0.1:SERVER;lr;ftag=1>"

ROWS: dict[str, Row] = {
    "what a request says": Row(
        pv(OF_A_REQUEST),
        headers=(
            *("X-More: one", "X-More: two"),
            *("Contact: <sip:alice@127.0.0.1:9>", "User-Agent: phone 1.0", "Content-Type: text/plain"),
        ),
    ),
    "what a request says that has little": Row(pv(OF_A_REQUEST), "INVITE sip:127.0.0.1"),
    "what a request says that names a telephone, and nothing in some headers": Row(
        pv("$tu $tU $td $fd $ua $cT $ct"),
        headers=("To: <tel:+49>", "User-Agent:", "Content-Type:", "Contact:"),
    ),
    "what a URI says": Row(pv(OF_A_REQUEST), "OPTIONS sips:a;b:c@example.com;transport=tcp?X=y"),
    "methods": Row(
        "\n".join(
            f"is_{method}()"
            for method in (
                *("INVITE", "ACK", "BYE", "CANCEL", "REGISTER", "MESSAGE", "OPTIONS", "SUBSCRIBE", "PUBLISH"),
                *("NOTIFY", "INFO", "PRACK", "REFER", "UPDATE"),
            )
        )
        + """
        is_method("INVITE")
        is_method("MESSAGE")
        is_method("MESSAGE|INVITE")
        is_method_in("M")
        is_method_in("IM")
        is_method_in("IABCO")
        is_method_in("UF")
        is_method_in("m")
        is_method_in("")
        is_method("message")
        is_method("INVITE | MESSAGE")
        is_method("FOO")
        is_method("")
        """
    ),
    "another method": Row(
        """
        pv.get("$rm")
        is_method("FOO")
        is_method("foo")
        is_method("OTHER")
        is_method("INVITE|MESSAGE")
        is_method_in("IABCOPRSMNUF")
        """,
        "FOO sip:bob@127.0.0.1:SERVER",
    ),
    "whose a URI is": Row("""
        is_myself("127.0.0.1:SERVER")
        is_myself("sip:127.0.0.1:SERVER;transport=UDP;lr")
        is_myself("sip:bob@127.0.0.1:SERVER")
        is_myself("sip:a@b")
        is_myself("x")
        is_myself("127.0.0.1")
        is_myself("sip:127.0.0.1")
        is_myself("sip:127.0.0.1:SERVER;transport=tcp")
        is_myself("sip:127.0.0.1:SERVER;transport=tls")
        is_myself("sip:127.0.0.1:SERVER;transport=ws")
        is_myself("sip:127.0.0.1:SERVER;transport=sctp")
        is_myself("sip:127.0.0.1:SERVER;transport=other")
        is_myself("sip:127.0.0.1:1;transport=other")
        is_myself("bob@127.0.0.1")
        is_myself("127.0.0.1;lr")
        is_myself("SIP:127.0.0.1")
        is_myself("sips:127.0.0.1:SERVER")
        is_myself_ruri()
        is_myself_furi()
        is_myself_turi()
    """),
    "flags": Row("""
        isflagset(1)
        setflag(1)
        isflagset(1)
        resetflag(1)
        isflagset(1)
        setflag(77)
        isflagset(77)
        setflag(-1)
        setflag(31)
        setflag(32)
        isbflagset(1)
        setbflag(1)
        isbflagset(1)
        resetbflag(1)
        isbflagset(1)
    """),
    "the next hop and the URI": Row("""
        isdsturiset()
        setdsturi("sip:127.0.0.1:9")
        isdsturiset()
        pv.get("$du")
        resetdsturi()
        pv.get("$du")
        resetdsturi()
        setuser("carol")
        pv.get("$ru")
        sethost("example.com")
        pv.get("$ru")
        seturi("sip:dave@example.org:5070;transport=tcp")
        pv.get("$ru")
        pv.get("$rU")
        pv.get("$rP")
        pv.get("$rp")
        pv.get("$ou")
        seturi("x")
        pv.get("$ru")
        pv.get("$rU")
        setdsturi("x")
        pv.get("$du")
        seturi("sips:example.com")
        pv.get("$rp")
        seturi("sip:example.com;transport=tls")
        pv.get("$rp")
        seturi("sip:[2001:db8::1]:5062")
        pv.get("$rd")
        pv.get("$rp")
        seturi("tel:+123")
        pv.get("$rU")
        pv.get("$rd")
        force_rport()
        add_local_rport()
    """),
    "the log": Row("""
        info("a line\\n")
        err("a line\\n")
        warn("a line\\n")
        notice("a line\\n")
        dbg("a line\\n")
        kex.setdebug(2)
        kex.resetdebug()
        route("NONE")
    """),
    "in a dialog": Row(
        pv("$tt $ru $du")
        + """
        siputils.has_totag()
        siputils.is_request()
        siputils.is_reply()
        tm.t_check_trans()
        rr.loose_route()
        pv.get("$du")
        pv.get("$ru")
        is_myself_ruri()
        """,
        IN_DIALOG,
        (TAG, "Route: <sip:127.0.0.1:SERVER;lr>"),
    ),
    "in a dialog, with another hop": Row(
        """
        rr.loose_route()
        pv.get("$du")
        pv.get("$ru")
        """,
        IN_DIALOG,
        (TAG, "Route: <sip:127.0.0.1:SERVER;lr>, <sip:127.0.0.1:9;lr>"),
    ),
    "in a dialog, without a route": Row(
        """
        rr.loose_route()
        pv.get("$du")
        """,
        IN_DIALOG,
        (TAG,),
    ),
    "in a dialog, with another's route": Row(
        """
        rr.loose_route()
        pv.get("$du")
        pv.get("$ru")
        """,
        IN_DIALOG,
        (TAG, "Route: <sip:192.0.2.1;lr>"),
    ),
    "in no dialog, with a route": Row(
        """
        siputils.has_totag()
        rr.loose_route()
        pv.get("$du")
        pv.get("$ru")
        """,
        "INVITE sip:carol@192.0.2.7:5070",
        ("Route: <sip:127.0.0.1:SERVER;lr>",),
    ),
    "in no dialog, with two routes": Row(
        """
        rr.loose_route()
        pv.get("$du")
        pv.get("$ru")
        """,
        "INVITE sip:carol@192.0.2.7:5070",
        ("Route: <sip:127.0.0.1:SERVER;lr>", "Route: <sip:127.0.0.1:9;lr>"),
    ),
    "in no dialog, with another's route": Row(
        """
        rr.loose_route()
        pv.get("$du")
        """,
        "INVITE sip:carol@192.0.2.7:5070",
        ("Route: <sip:127.0.0.1:9;lr>",),
    ),
    "in no dialog, with another's route, of a URI that is this server's": Row(
        """
        rr.loose_route()
        pv.get("$du")
        pv.get("$ru")
        tm.t_relay()
        """,
        INVITE,
        ("Route: <sip:127.0.0.1:GATEWAY_A;lr>",),
        (200,),
    ),
    "in a dialog, with a named route": Row(
        """
        rr.loose_route()
        pv.get("$du")
        """,
        IN_DIALOG,
        (TAG, 'Route: "Proxy" <sip:127.0.0.1:SERVER;lr>'),
    ),
    "in a dialog, with two routes of one proxy": Row(
        """
        rr.loose_route()
        pv.get("$du")
        tm.t_relay()
        """,
        "BYE sip:carol@127.0.0.1:GATEWAY_A",
        (TAG, "Route: <sip:127.0.0.1:SERVER;r2=on;lr>, <sip:127.0.0.1:SERVER;transport=tcp;r2=on;lr>"),
        (200,),
    ),
    "recorded, and on over TCP": Row(
        """
        rr.record_route()
        pv.sets("$du", "sip:127.0.0.1:GATEWAY_A;transport=tcp")
        tm.t_relay()
        """,
        "MESSAGE sip:bob@127.0.0.1:SERVER",
        answers=(200,),
    ),
    "recorded as it was before, and on over TCP": Row(
        """
        rr.record_route()
        pv.sets("$du", "sip:127.0.0.1:GATEWAY_A;transport=tcp")
        tm.t_relay()
        """,
        headers=(_RECORDED,),
        answers=(200,),
    ),
    "not recorded, but before, and on over TCP": Row(
        """
        hdr.insert("X-First: 1\\r\\n")
        pv.sets("$du", "sip:127.0.0.1:GATEWAY_A;transport=tcp")
        tm.t_relay()
        """,
        headers=(_RECORDED,),
        answers=(200,),
    ),
    "recorded beside a line of the script's own, and on over TCP": Row(
        """
        hdr.insert("Record-Route: <sip:192.0.2.9;lr>\\r\\n")
        rr.record_route()
        hdr.append("record-route: <sip:192.0.2.8;lr>\\r\\n")
        rr.record_route()
        pv.sets("$du", "sip:127.0.0.1:GATEWAY_A;transport=tcp")
        tm.t_relay()
        """,
        answers=(200,),
    ),
    **{
        f"recorded in two routes, {where} the transaction has begun, and on over TCP": Row(
            f'{before}rr.record_route(){behind}tm.t_on_branch("ksr_branch")' + RELAY,
            INVITE,
            answers=(503, 200),
            branch="rr.record_route()",
            failure="""
            rr.record_route()
            rr.record_route()
            pv.sets("$du", "sip:127.0.0.1:GATEWAY_B;transport=tcp")
            tm.t_relay()
            """,
        )
        for where, before, behind in (
            ("first before", "", "\ntm.t_newtran()\n"),
            ("and first when", "tm.t_newtran()\n", "\n"),
        )
    },
    "recorded twice in a branch route, and on over TCP": Row(
        """
        tm.t_on_branch("ksr_branch")
        pv.sets("$du", "sip:127.0.0.1:GATEWAY_A;transport=tcp")
        tm.t_relay()
        """,
        answers=(200,),
        branch="rr.record_route()\nrr.record_route()",
    ),
    **{
        f"recorded of {uri}, and on over {way}": Row(
            f"""
            tm.t_on_branch("ksr_branch")
            tm.t_on_failure("ksr_failure")
            pv.sets("$ru", "{uri}")
            rr.record_route()
            pv.sets("$ru", "{later}")
            pv.sets("$du", "sip:127.0.0.1:GATEWAY_A{parameter}")
            tm.t_relay()
            """,
            answers=(503, 200),
            branch="rr.record_route()",
            failure=f"""
            pv.sets("$ru", "{later}")
            pv.sets("$du", "sip:127.0.0.1:GATEWAY_B{parameter}")
            tm.t_on_branch("ksr_branch")
            tm.t_relay()
            """,
        )
        for uri, later in (
            ("sips:bob@example.com", "sip:bob@example.com"),
            ("sip:bob@example.com", "SIPS:bob@example.com"),
            ("sips:+49@example.com;user=phone", "sip:bob@example.com"),
            ("tel:+49", "sips:bob@example.com"),
            ("x", "sips:bob@example.com"),
        )
        for way, parameter in (("UDP", ""), ("TCP", ";transport=tcp"))
    },
    **{
        f"recorded in a dialog behind the route {number}, and on over {way}": Row(
            f"""
            rr.loose_route()
            rr.record_route()
            tm.t_on_branch("ksr_branch")
            pv.sets("$du", "sip:127.0.0.1:GATEWAY_A{parameter}")
            tm.t_relay()
            """,
            "INVITE sip:carol@192.0.2.7:5070",
            (f"Route: <{route}>", *to),
            answers=(200,),
            branch="rr.record_route()",
        )
        for number, (route, *to) in enumerate(
            (
                # of who was called
                ("sip:127.0.0.1:SERVER;lr;ftag=abc", TAG),
                ("sips:127.0.0.1:SERVER;ftag=ab;lr?x=y", TAG),
                ("sip:127.0.0.1:SERVER;lr;ftag=2;ftag=1", TAG),
                ("sip:127.0.0.1:SERVER;lr;ftag=abc",),
                # of the caller, or of nobody who is known
                ("sip:127.0.0.1:SERVER;lr;ftag=1", TAG),
                ("sip:127.0.0.1:SERVER;lr", TAG),
                ("sip:127.0.0.1:SERVER;lr;FTAG=2", TAG),
                ("sip:127.0.0.1:SERVER;lr?ftag=2", TAG),
                ("sip:127.0.0.1:SERVER;lr;ftag=;ftag=2", TAG),
                ("sip:127.0.0.1:SERVER;lr>,<sip:127.0.0.1:SERVER;lr;ftag=2", TAG),
                ("sip:192.0.2.9;lr;ftag=2", TAG),
            )
        )
        for way, parameter in (("UDP", ""), ("TCP", ";transport=tcp"))
    },
    **{
        f"a transaction of {method} {uri}": Row(
            """
            pv.get("$ou")
            pv.get("$oU")
            tm.t_newtran()
            tm.t_lookup_request()
            pv.sets("$ru", "sip:bob@example.com")
            pv.get("$ou")
            tm.t_newtran()
            tm.t_newtran()
            pv.sets("$ru", "x")
            tm.t_newtran()
            """,
            f"{method} {uri}",
        )
        for method in ("MESSAGE", "INVITE", "ACK")
        for uri in ("x", "sips:", "sip:bob@example.com:99999", "sip:bob@example.com")
    },
    **{
        f"{method} {uri} is none to relay to, of a transaction": Row(
            f"""
            tm.t_newtran()
            seturi("{uri}")
            tm.t_relay()
            pv.sets("$du", "sip:127.0.0.1:GATEWAY_A")
            tm.t_on_failure("ksr_failure")
            tm.t_relay()
            """,
            f"{method} sip:bob@example.com",
            answers=(503, 200),
            failure=f"""
            seturi("{uri}")
            pv.sets("$du", "sip:127.0.0.1:GATEWAY_B")
            tm.t_relay()
            """,
        )
        for method in ("MESSAGE", "INVITE")
        for uri in ("x", "sip:", "sip:bob@example.com:99999")
    },
    **{
        f"setdsturi alone is no other hop in a failure route, {number}": Row(
            RELAY,
            answers=(503, 200),
            failure=f"""
            {before}
            setdsturi("sip:127.0.0.1:GATEWAY_B")
            pv.get("$du")
            tm.t_relay()
            """,
        )
        for number, before in enumerate(("", "resetdsturi()", 'setuser("x")', 'pv.sets("$du", "sip:x")'))
    },
    "a transaction of a URI that is none any more": Row(
        """
        seturi("x")
        tm.t_newtran()
        tm.t_lookup_request()
        pv.get("$ou")
        sl.send_reply(404, "Not Found")
        """
    ),
    "recorded in a branch route of a sips URI, and on over TCP": Row(
        """
        tm.t_on_branch("ksr_branch")
        pv.sets("$du", "sip:127.0.0.1:GATEWAY_A;transport=tcp")
        rr.record_route()
        hdr.append("Record-Route: <sip:192.0.2.8;lr>\\r\\n")
        tm.t_relay()
        """,
        "MESSAGE sips:bob@example.com",
        answers=(200,),
        branch="rr.record_route()",
    ),
    "an answer over TCP": Row(
        """
        tm.t_on_reply("ksr_reply")
        tm.t_on_failure("ksr_failure")
        pv.sets("$du", "sip:127.0.0.1:GATEWAY_A;transport=tcp")
        tm.t_relay()
        """,
        answers=(503,),
        reply=_WAY,
        failure=_WAY,
        every_reply=_WAY,
    ),
    "an answer over TCP that is passed on": Row(
        """
        pv.sets("$du", "sip:127.0.0.1:GATEWAY_A;transport=tcp")
        tm.t_relay()
        """,
        answers=(200,),
        onsend=_WAY,
    ),
    "in a dialog, with two lines of routes of one proxy": Row(
        """
        rr.loose_route()
        pv.get("$du")
        tm.t_relay()
        """,
        "BYE sip:carol@127.0.0.1:GATEWAY_B",
        (
            *(TAG, "Route: <sip:127.0.0.1:SERVER;r2=on;lr>", "Route: <sip:127.0.0.1:SERVER;r2=on;lr>"),
            "Route: <sip:127.0.0.1:GATEWAY_A;lr>",
        ),
        (200,),
    ),
    "in no dialog": Row("""
        siputils.has_totag()
        rr.loose_route()
        rr.record_route()
        rr.record_route()
    """),
    "hops": Row(
        """
        maxfwd.process_maxfwd(10)
        hdr.get("Max-Forwards")
        maxfwd.is_maxfwd_lt(5)
        maxfwd.is_maxfwd_lt(10)
        """,
        headers=("Max-Forwards: 10",),
    ),
    "no hops": Row("""
        maxfwd.process_maxfwd(10)
        hdr.get("Max-Forwards")
        maxfwd.is_maxfwd_lt(5)
    """),
    "more hops than are allowed": Row(
        """
        maxfwd.process_maxfwd(10)
        hdr.get("Max-Forwards")
        """,
        headers=("Max-Forwards: 255",),
    ),
    "too many hops": Row("maxfwd.process_maxfwd(10)", headers=("Max-Forwards: 0",)),
    "many hops left": Row(
        """
        maxfwd.process_maxfwd(10)
        hdr.get("Max-Forwards")
        """,
        headers=("Max-Forwards: 70",),
    ),
    "headers": Row(
        """
        hdr.is_present("X-More")
        hdr.is_present("x-more")
        hdr.is_present("X-None")
        hdr.get("X-More")
        hdr.get("X-None")
        hdr.gete("X-None")
        hdr.gete("X-More")
        hdr.getw("X-None")
        hdr.get_idx("X-More", 1)
        hdr.get_idx("X-More", -1)
        hdr.get_idx("X-More", 2)
        pv.get("$(hdr(X-More)[1])")
        pv.get("$(hdr(X-More)[-1])")
        pv.get("$(hdr(X-More)[5])")
        hdr.remove("X-More")
        hdr.remove("X-None")
        hdr.get("X-More")
        hdr.append("X-New: 1\\r\\n")
        hdr.insert("X-First: 1\\r\\n")
        hdr.get("X-New")
        hdr.append_to_reply("X-Reply: 1\\r\\n")
        hdr.get("i")
        pv.get("$hdr(f)")
        """,
        headers=("X-More: one", "X-More: two"),
    ),
    "variables": Row("""
        pv.get("$var(x)")
        pv.sets("$var(x)", "text")
        pv.get("$var(x)")
        pv.is_null("$var(x)")
        pv.seti("$var(x)", 7)
        pv.get("$var(x)")
        pv.geti("$var(x)")
        pv.unset("$var(x)")
        pv.get("$var(x)")
        pv.getvs("$var(x)", "other")
        pv.get("$shv(x)")
        pv.sets("$shv(x)", "v")
        pv.get("$shv(x)")
        pv.get("$sht(facts=>none)")
        pv.sets("$sht(facts=>set)", "y")
        pv.get("$sht(facts=>set)")
        pv.get("$def(WORD)")
        pv.get("$def(NONE)")
        pv.get("$stat(total_size)") > 0
    """),
    "AVPs": Row("""
        pv.get("$avp(x)")
        pv.is_null("$avp(x)")
        pv.sets("$avp(x)", "one")
        pv.sets("$avp(x)", "two")
        pv.get("$avp(x)")
        pv.is_null("$avp(x)")
        pv.get("$(avp(x)[0])")
        pv.get("$(avp(x)[1])")
        pv.get("$(avp(x)[2])")
        pv.unset("$avp(x)")
        pv.get("$avp(x)")
        pv.sets("$avp(x)", "three")
        pv.unset("$(avp(x)[*])")
        pv.get("$avp(x)")
        pv.unset("$avp(x)")
        pv.seti("$avp(n)", 3)
        pv.get("$avp(n)")
        pv.get("$avp(s:n)")
        pv.geti("$avp(n)")
        pv.gete("$avp(none)")
        pv.getw("$avp(none)")
        pv.getvs("$avp(none)", "other")
        pv.getvn("$avp(none)", 4)
        pv.geti("$avp(none)")
    """),
    "what is set of a request": Row("""
        pv.sets("$ru", "sip:x@example.com")
        pv.get("$ru")
        pv.sets("$rU", "y")
        pv.get("$ru")
        pv.sets("$rd", "example.net")
        pv.get("$ru")
        pv.sets("$du", "sip:127.0.0.1:9")
        pv.get("$du")
        pv.get("$dd")
        pv.get("$dp")
        pv.unset("$du")
        pv.get("$du")
        pv.sets("$du", "")
        isdsturiset()
        pv.gete("$du")
        pv.seti("$rU", 5)
        pv.get("$rU")
        pv.sets("$ru", "x")
        pv.get("$ru")
        pv.sets("$du", "x")
        pv.get("$du")
    """),
    "URIs": Row(
        of(
            "$ru",
            pv("$ru $rU $rd $rp $rP $rz") + '\nsetuser("bob")\nsethost("example.net")\npv.get("$ru")',
            *("sip:alice:secret@example.com:5070;transport=tcp?X=y", "SIP:a@B", "sip:a@b;transport=TLS"),
            *("sip:a@b:0", "sip:+49@b;user=phone", "sip:a@[2001:db8::1]:99"),
        )
    ),
    "URIs of telephones": Row(
        of(
            "$ru",
            pv("$ru $rU $rd $rp $rz $(ru{uri.user})") + '\nsetuser("123")\nsethost("h")\npv.get("$ru")',
            *("sip:+49;npdi;rn=+491@c;user=phone", "sip:+49;phone-context=a.b@c:5070;user=phone;lr?X=y"),
            *("sip:+49;a@c;user=Phone", "sip:+49;a@c", "sip:c;user=phone", "sip:;a=b@c;user=phone"),
            *("sip:+49;a@c;lr;User=phone", "sip:+49@c;USER=phone"),
        )
        + '\npv.sets("$ru", "sip:+49;a:secret@c;user=phone")\npv.get("$rU")',
    ),
    "a request to a telephone": Row(
        pv("$rU $oU $tU $fU $td") + '\npv.sets("$rU", "7")\npv.get("$ru")' + RELAY,
        "INVITE sip:+49;npdi=yes@127.0.0.1:SERVER;user=phone",
        ("To: <sip:+49;x=y@example.com;user=phone>",),
        (200,),
    ),
    "a tag, written otherwise": Row(
        pv("$tt $tu") + "\nsiputils.has_totag()", headers=("To: <sip:bob@example.com> ; TAG = 1",)
    ),
    "an empty header": Row(
        "\n".join(f'hdr.{name}("X-None")' for name in ("is_present", "get", "gete", "getw"))
        + '\npv.get("$hdr(X-None)")\npv.getw("$hdr(X-None)")\npv.is_null("$hdr(X-None)")\n'
        + pv("$(hdr(X-None)[*]) $(hdr(X-More)[*]) $(hdr(X-Last)[*]) $(hdr(X-Missing)[*])"),
        headers=("X-None:", "X-More:", "X-More: 2", "X-More:", "X-More: 4", "X-Last: 1", "X-Last:"),
    ),
    "URIs that are none": Row(
        of(
            "$ru",
            pv("$ru $rU $rd $rp") + '\nsetuser("bob")\nsethost("example.net")\npv.sets("$rU", "bob")',
            *("sip:a@b:99999", "sip:@b", "sip:a@b c", "sip:a@b@c", "sip:a@b:5060:5080", "sip:a@", "sip:"),
            *("sip:a@2001:db8::1:5060", "<sip:a@b>"),
        )
    ),
    "a host with a port": Row('sethost("example.com:5080")\npv.get("$ru")\ntm.t_relay()'),
    "names of parties": Row(
        pv("$tu $tU $td $tt $tn"), headers=('To: "Bob \\"B\\" <x>" <sip:bob@example.com:5077;a=b>;tag=c',)
    ),
    "numbers in texts": Row(
        of(
            "$var(text)",
            pv("$(var(text){s.int}) $(var(text){s.len})") + '\npv.geti("$var(text)")',
            *("12", " 12", "12 ", "+12", "-12", "007", "0x10", "1.5", "12a", "ü12", "x"),
        )
    ),
    "too big numbers in texts": Row(
        of("$var(text)", 'pv.geti("$var(text)")', "2147483648", "99999999999", "-99999999999")
    ),
    "what is no hexa": Row(of("$var(text)", 'pv.get("$(var(text){s.decode.hexa})")', "MESSAGE", "7g")),
    "transformations": Row("""
        pv.get("$(ru{uri.host})")
        pv.get("$(ru{uri.user})")
        pv.get("$(ru{uri.port})")
        pv.get("$(tu{uri.port})")
        pv.get("$(rU{s.len})")
        pv.get("$(rU{s.int})")
        pv.sets("$var(number)", "12")
        pv.get("$(var(number){s.int})")
        pv.sets("$var(number)", "12x")
        pv.get("$(var(number){s.int})")
        pv.get("$(rU{s.substr,0,1})")
        pv.get("$(rU{s.substr,0,9})")
        pv.get("$(rm{s.encode.hexa})")
        pv.get("$(rm{s.encode.hexa}{s.decode.hexa})")
        pv.get("$(avp(none){s.len})")
        pv.sets("$var(wide)", "Zürich")
        pv.get("$(var(wide){s.len})")
        pv.get("$(var(wide){s.substr,0,2})")
        pv.get("$(var(wide){s.substr,0,3})")
        pv.sets("$var(hexa)", "736970e4")
        pv.get("$(var(hexa){s.decode.hexa})")
        pv.get("$(var(hexa){s.decode.hexa}{s.encode.hexa})")
    """),
    "transformations of what another one made": Row("""
        pv.sets("$var(x)", "7g")
        pv.get("$(var(x){s.decode.hexa}{s.len})")
        pv.get("$(var(x){s.int}{s.encode.hexa})")
        pv.get("$(ru{uri.host}{s.len})")
        pv.get("$(rU{s.len}{s.int})")
    """),
    "replied without a transaction": Row("""
        sl.sl_send_reply(404, "Not Here")
        sl.sl_send_reply(200, "OK")
    """),
    "replied with send_reply": Row("""
        sl.send_reply(486, "Busy")
        tm.t_check_trans()
    """),
    "replied in a transaction": Row(
        """
        tm.t_check_trans()
        tm.t_is_set("failure_route")
        tm.t_newtran()
        tm.t_check_trans()
        tm.t_newtran()
        tm.t_lookup_request()
        tm.t_reply(180, "Ringing")
        tm.t_reply(404, "Not Here")
        tm.t_reply(200, "OK")
        sl.send_reply(200, "OK")
        """,
        INVITE,
    ),
    "t_reply without a transaction": Row("""
        tm.t_lookup_request()
        tm.t_reply(404, "Not Here")
    """),
    "send_reply in a transaction": Row("""
        tm.t_newtran()
        sl.send_reply(404, "Not Here")
    """),
    "in no transaction": Row("""
        tm.t_check_status("4[0-9][0-9]")
        tm.t_get_status_code()
        tm.t_is_canceled()
        tm.t_branch_timeout()
        tm.t_any_timeout()
        tm.t_set_fr(1000, 500)
        tm.t_set_fr(-1, -1)
        tm.t_set_fr(-1, 500)
        tm.t_set_fr(1000, -1)
        tm.t_reset_fr()
        tm.t_on_branch("ksr_branch")
        tm.t_on_failure("ksr_failure")
        tm.t_is_set("failure_route")
        tm.t_is_set("branch_route")
        tm.t_is_set("onreply_route")
        tm.t_on_failure("")
        tm.t_on_reply("")
        tm.t_on_branch("")
        tm.t_is_set("branch_route")
    """),
    "a CANCEL of nothing": Row("tm.t_check_trans()", "CANCEL sip:bob@127.0.0.1:SERVER"),
    "an ACK of nothing": Row("tm.t_check_trans()", "ACK sip:bob@127.0.0.1:SERVER", (TAG,)),
    "relayed, and taken": Row(
        'pv.sets("$avp(x)", "kept")\ntm.t_on_branch("ksr_branch")'
        + RELAY
        + """
        tm.t_check_trans()
        tm.t_is_set("failure_route")
        pv.get("$du")
        """,
        INVITE,
        answers=(200,),
        branch=pv("$du $ru $rm $avp(x)") + '\nhdr.append("X-Branch: 1\\r\\n")',
        reply=pv("$rs $rr $rm $ru $rU $ci $si $sp $cs $avp(x) $fU $tU $du $hdr(X-None) $rb $bs")
        + """
        tm.t_check_status("200")
        tm.t_check_status("2[0-9][0-9]")
        tm.t_check_status("404")
        tm.t_get_status_code()
        tm.t_check_trans()
        tm.t_is_canceled()
        tm.t_branch_timeout()
        siputils.is_reply()
        siputils.is_request()
        siputils.has_totag()
        is_INVITE()
        is_method("INVITE")
        """,
    ),
    "refused": Row(
        'pv.sets("$avp(x)", "kept")\nsetflag(5)' + RELAY,
        INVITE,
        answers=(404,),
        reply='pv.get("$rs")\npv.sets("$avp(y)", "of the reply")',
        failure=pv("$rs $rr $rm $ru $rU $du $ci $si $avp(x) $avp(y)")
        + """
        tm.t_check_status("404")
        tm.t_check_status("4[0-9][0-9]|5[0-9][0-9]")
        tm.t_check_status("5..")
        tm.t_check_status("40")
        tm.t_branch_timeout()
        tm.t_any_timeout()
        tm.t_is_canceled()
        tm.t_get_status_code()
        tm.t_check_trans()
        tm.t_is_set("failure_route")
        siputils.has_totag()
        siputils.is_request()
        is_INVITE()
        isflagset(5)
        """,
    ),
    "refused, and nobody asks": Row(
        'pv.sets("$du", "sip:127.0.0.1:GATEWAY_A")\ntm.t_relay()', INVITE, answers=(486,)
    ),
    "unavailable, and nobody asks": Row(
        'pv.sets("$du", "sip:127.0.0.1:GATEWAY_A")\ntm.t_relay()', INVITE, answers=(503,)
    ),
    "refused, and replied otherwise": Row(
        RELAY, answers=(486,), failure='tm.t_reply(480, "Gone")\ntm.t_reply(480, "Gone")'
    ),
    "refused, and replied otherwise by send_reply": Row(
        RELAY, answers=(500,), failure='sl.send_reply(503, "None")\nsl.send_reply(503, "None")'
    ),
    "silent": Row(
        "tm.t_set_fr(1500, 300)" + RELAY,
        INVITE,
        answers=(SILENT,),
        failure=pv("$rs $rr $rm")
        + """
        tm.t_check_status("408")
        tm.t_branch_timeout()
        tm.t_any_timeout()
        tm.t_get_status_code()
        """,
    ),
    "silent, and on to another": Row(
        "tm.t_set_fr(1500, 300)" + RELAY,
        INVITE,
        answers=(SILENT, 200),
        reply=pv("$rs $sp"),
        failure=f"""
        tm.t_branch_timeout()
        pv.get("$du")
        pv.get("$ru")
        tm.t_on_failure("ksr_failure")
        {RELAY_ON}
        tm.t_check_trans()
        pv.get("$du")
        """,
    ),
    "rings, then silent, and on to another": Row(
        "tm.t_set_fr(1500, 300)" + RELAY,
        INVITE,
        answers=(180, 200),
        reply='pv.get("$rs")',
        failure="""
        tm.t_branch_timeout()
        tm.t_any_timeout()
        tm.t_get_status_code()
        tm.t_check_status("408")
        """
        + RELAY_ON,
    ),
    "refused twice": Row(
        RELAY,
        INVITE,
        answers=(503, 404),
        reply='pv.get("$rs")',
        failure="""
        tm.t_branch_timeout()
        tm.t_any_timeout()
        tm.t_get_status_code()
        pv.get("$du")
        tm.t_check_status("503")
        tm.t_on_failure("ksr_failure")
        tm.t_check_status("404") > 0 and sl.send_reply(480, "Gone")
        pv.sets("$avp(tried)", "yes") if pv.get("$avp(tried)") is None else None
        tm.t_check_status("503") > 0 and pv.sets("$du", "sip:127.0.0.1:GATEWAY_B")
        tm.t_check_status("503") > 0 and tm.t_relay()
        """,
    ),
    "silent, then busy": Row(
        "tm.t_set_fr(1500, 300)" + RELAY,
        INVITE,
        answers=(SILENT, 486),
        failure="""
        tm.t_branch_timeout()
        tm.t_any_timeout()
        tm.t_get_status_code()
        tm.t_check_status("408")
        tm.t_check_status("486")
        pv.get("$avp(tried)")
        tm.t_on_failure("ksr_failure") if pv.get("$avp(tried)") is None else None
        pv.sets("$du", "sip:127.0.0.1:GATEWAY_B")
        tm.t_relay() if pv.get("$avp(tried)") is None else None
        pv.sets("$avp(tried)", "yes")
        """,
    ),
    "refused, then silent": Row(
        "tm.t_set_fr(1500, 300)" + RELAY,
        INVITE,
        answers=(404, SILENT),
        failure="""
        tm.t_branch_timeout()
        tm.t_any_timeout()
        tm.t_get_status_code()
        pv.get("$avp(tried)")
        tm.t_on_failure("ksr_failure") if pv.get("$avp(tried)") is None else None
        pv.sets("$du", "sip:127.0.0.1:GATEWAY_B")
        tm.t_relay() if pv.get("$avp(tried)") is None else None
        pv.sets("$avp(tried)", "yes")
        """,
    ),
    "refused, and on without routes": Row(
        RELAY,
        INVITE,
        answers=(503, 404),
        branch='pv.get("$du")',
        reply='pv.get("$rs")',
        failure='pv.sets("$du", "sip:127.0.0.1:GATEWAY_B")\ntm.t_relay()',
    ),
    "relayed where nothing can be sent": Row("""
        pv.sets("$du", "sip:none.invalid")
        tm.t_relay()
        sl.send_reply(503, "None")
    """),
    "relayed where nothing can be sent, and left": Row("""
        pv.sets("$du", "sip:none.invalid")
        tm.t_relay()
    """),
    "relayed where no URI leads": Row('pv.sets("$ru", "x")\ntm.t_relay()'),
    "relayed, and that fails, and on": Row(
        'pv.sets("$du", "sip:none.invalid")\ntm.t_relay()' + RELAY, answers=(200,), reply='pv.get("$rs")'
    ),
    "relayed, and that fails silently, and on": Row(
        """
        tm.t_set_disable_internal_reply(1)
        tm.t_newtran()
        tm.t_set_disable_internal_reply(1)
        sl.send_reply(100, "Trying")
        pv.sets("$du", "sip:none.invalid")
        tm.t_relay()
        """
        + RELAY,
        INVITE,
        answers=(200,),
        reply='pv.get("$rs")',
    ),
    "relayed, and that fails silently": Row("""
        tm.t_newtran()
        tm.t_set_disable_internal_reply(1)
        pv.sets("$du", "sip:none.invalid")
        tm.t_relay()
    """),
    "relayed, and that fails, as asked too early": Row("""
        tm.t_set_disable_internal_reply(1)
        tm.t_newtran()
        pv.sets("$du", "sip:none.invalid")
        tm.t_relay()
    """),
    **{
        f"an ACK that is relayed where nothing can be sent{and_on}": Row(
            f'{before}pv.sets("$du", "sip:none.invalid")\ntm.t_relay()\n{behind}',
            "ACK sip:bob@127.0.0.1:SERVER",
            (TAG,),
            onsend=pv("$rm $du"),
        )
        for and_on, before, behind in (
            ("", "", ""),
            (", and replied", "", 'sl.send_reply(503, "None")'),
            (", and on", "", RELAY),
            (", in a transaction", "tm.t_newtran()\n", ""),
        )
    },
    "relayed twice where nothing can be sent": Row(
        """
        tm.t_newtran()
        pv.sets("$du", "sip:none.invalid")
        tm.t_relay()
        pv.sets("$du", "sip:none.invalid")
        tm.t_relay()
        sl.send_reply(503, "None")
        """,
        INVITE,
    ),
    "what each route adds": Row(
        """
        rr.record_route()
        hdr.insert("X-First: 1\\r\\n")
        hdr.append("X-Route: 1\\r\\nX-Other: 2\\r\\n")
        hdr.append("X-No-Space:1\\r\\n")
        hdr.remove("X-More")
        hdr.remove("Subject")
        hdr.append_to_reply("X-Told: 1\\r\\n")
        tm.t_on_branch("ksr_branch")
        """
        + RELAY,
        INVITE,
        ("X-More: one", "Record-Route: <sip:192.0.2.1;lr>", "s: short"),
        (503, 200),
        branch='hdr.append("X-Branch: 1\\r\\n")\npv.sets("$rU", "carol")\nrr.record_route()',
        reply='hdr.append("X-Reply: 1\\r\\n")\nhdr.insert("X-Ahead: 1\\r\\n")\nhdr.remove("X-None")',
        failure='rr.record_route()\nhdr.append("X-Fail: 1\\r\\n")' + RELAY_ON,
    ),
    "changed before and behind t_newtran": Row(
        """
        setflag(1)
        setbflag(1)
        hdr.append("X-Before: 1\\r\\n")
        pv.sets("$rU", "before")
        tm.t_newtran()
        setflag(2)
        setbflag(2)
        hdr.append("X-Behind: 1\\r\\n")
        hdr.append_to_reply("X-Told: 1\\r\\n")
        pv.sets("$rU", "behind")
        pv.sets("$avp(x)", "behind")
        """
        + RELAY,
        INVITE,
        answers=(503, 503),
        reply="isflagset(1)\nisflagset(2)\nisbflagset(1)\nisbflagset(2)",
        failure=pv("$ru $du $rU $avp(x) $ou")
        + "\n".join(f"\nisflagset({at})\nisbflagset({at})" for at in (1, 2))
        + RELAY_ON,
    ),
    "changed behind t_newtran, with nothing before": Row(
        """
        tm.t_newtran()
        pv.sets("$ru", "sip:carol@127.0.0.1:GATEWAY_A")
        tm.t_on_failure("ksr_failure")
        tm.t_relay()
        """,
        INVITE,
        answers=(503,),
        failure=pv("$ru $du") + '\nsetuser("dave")\npv.get("$ru")',
    ),
    "sent to a hop before t_newtran, and to another behind": Row(
        'pv.sets("$du", "sip:127.0.0.1:GATEWAY_B")\ntm.t_newtran()' + RELAY,
        INVITE,
        answers=(503, 503),
        failure=pv("$ru $du") + RELAY_ON,
    ),
    "sent to a hop before t_newtran": Row(
        """
        pv.sets("$du", "sip:127.0.0.1:GATEWAY_A")
        tm.t_newtran()
        tm.t_on_failure("ksr_failure")
        tm.t_relay()
        """,
        INVITE,
        answers=(503,),
        failure=pv("$ru $du") + "\ntm.t_relay()",
    ),
    "sent to a hop behind t_newtran, and in the failure route to the same URI": Row(
        "tm.t_newtran()" + RELAY,
        INVITE,
        answers=(503,),
        failure=pv("$ru $du") + "\ntm.t_relay()",
    ),
    "changed behind a try that failed": Row(
        """
        tm.t_newtran()
        tm.t_set_disable_internal_reply(1)
        pv.sets("$du", "sip:none.invalid")
        hdr.append("X-First: 1\\r\\n")
        hdr.append_to_reply("X-Reply: 1\\r\\n")
        setflag(1)
        tm.t_relay()
        hdr.append("X-Second: 1\\r\\n")
        hdr.remove("X-More")
        hdr.append_to_reply("X-Reply-2: 1\\r\\n")
        setflag(2)
        """
        + RELAY,
        INVITE,
        ("X-More: one",),
        answers=(503, 486),
        failure='isflagset(1)\nisflagset(2)\nhdr.append("X-Third: 1\\r\\n")' + RELAY_ON,
    ),
    "replied behind a try that failed": Row(
        """
        tm.t_set_disable_internal_reply(1)
        pv.sets("$du", "sip:none.invalid")
        hdr.append_to_reply("X-Reply: 1\\r\\n")
        tm.t_relay()
        hdr.append_to_reply("X-Reply-2: 1\\r\\n")
        """
        + RELAY,
        INVITE,
        answers=(404,),
        failure='sl.send_reply(480, "None")',
    ),
    "sent where nothing can be sent, and on with another URI": Row(
        'pv.sets("$du", "sip:none.invalid")\ntm.t_relay()\npv.sets("$rU", "carol")' + RELAY,
        INVITE,
        answers=(503, 503),
        failure=pv("$ru $du"),
    ),
    "what each route adds, with a branch route each time": Row(
        'tm.t_on_branch("ksr_branch")' + RELAY,
        INVITE,
        answers=(503, 404),
        branch='hdr.append("X-Branch: 1\\r\\n")\npv.get("$ru")\npv.sets("$rU", "carol")',
        reply='hdr.append("X-Reply: 1\\r\\n")',
        failure="""
        rr.record_route()
        hdr.append("X-Fail: 1\\r\\n")
        hdr.append_to_reply("X-Told: 1\\r\\n")
        pv.get("$avp(tried)") is None and tm.t_on_branch("ksr_branch")
        pv.get("$avp(tried)") is None and tm.t_on_failure("ksr_failure")
        pv.get("$avp(tried)") is None or sl.send_reply(480, "Gone")
        pv.sets("$du", "sip:127.0.0.1:GATEWAY_B")
        pv.get("$avp(tried)") is None and tm.t_on_reply("ksr_reply")
        pv.get("$avp(tried)") is None and tm.t_relay()
        pv.sets("$avp(tried)", "yes")
        """,
    ),
    "what is added to replies": Row(
        'hdr.append_to_reply("X-Told: 1\\r\\n")\ntm.t_set_fr(1500, 300)' + RELAY,
        INVITE,
        answers=(SILENT,),
        failure="tm.t_branch_timeout()",
    ),
    "what is added to two replies": Row(
        """
        hdr.append_to_reply("X-Told:1\\r\\n")
        tm.t_newtran()
        tm.t_reply(183, "Ringing")
        tm.t_reply(404, "Not Here")
        """,
        INVITE,
    ),
    "the flags of each route": Row(
        'setflag(1)\nsetbflag(1)\ntm.t_on_branch("ksr_branch")' + RELAY + "setflag(2)",
        INVITE,
        answers=(503, 200),
        branch="isflagset(1)\nisbflagset(1)\nsetflag(7)\nsetbflag(3)",
        reply="isflagset(1)\nisbflagset(1)\nisflagset(7)\nsetflag(8)\nsetbflag(8)",
        failure="\n".join(f"isflagset({at})\nisbflagset({at})" for at in (1, 2, 3, 7, 8)) + RELAY_ON,
    ),
    "a branch route's hop": Row(
        'tm.t_on_branch("ksr_branch")' + RELAY,
        INVITE,
        branch='pv.sets("$du", "sip:127.0.0.1:GATEWAY_B")\npv.get("$du")',
        answers=(200, 200),
        reply='pv.get("$sp") == GATEWAY_B',
    ),
    "a branch route's URI": Row(
        """
        pv.sets("$ru", "sip:bob@127.0.0.1:GATEWAY_A")
        tm.t_on_branch("ksr_branch")
        tm.t_on_reply("ksr_reply")
        tm.t_relay()
        """,
        INVITE,
        branch='pv.sets("$ru", "sip:carol@127.0.0.1:GATEWAY_B")\npv.get("$du")',
        answers=(200, 200),
        reply='pv.get("$sp") == GATEWAY_B',
    ),
    "relayed, and replied nevertheless": Row(
        RELAY + 'tm.t_reply(500, "None")', INVITE, answers=(180,), reply='pv.get("$rs")'
    ),
    "relayed on without another hop": Row(
        RELAY,
        INVITE,
        answers=(503,),
        failure="""
        hdr.append("X-Fail: 1\\r\\n")
        resetdsturi()
        pv.unset("$du")
        tm.t_relay()
        """,
    ),
    "relayed on where nothing can be sent": Row(
        RELAY, INVITE, answers=(503,), failure='pv.sets("$du", "sip:none.invalid")\ntm.t_relay()'
    ),
    "relayed on with another user": Row(
        RELAY + 'pv.get("$ru")', INVITE, answers=(503, 503), failure='setuser("carol")\ntm.t_relay()'
    ),
    "an INVITE, relayed where nothing can be sent": Row(
        """
        tm.t_on_failure("ksr_failure")
        pv.sets("$du", "sip:none.invalid")
        tm.t_relay()
        """,
        INVITE,
    ),
    "relayed to what is no SIP": Row("""
        pv.sets("$ru", "tel:+123")
        tm.t_relay()
        sl.send_reply(500, "None")
    """),
    "relayed to what is no hop": Row("""
        pv.sets("$du", "x")
        tm.t_relay()
        sl.send_reply(500, "None")
    """),
    "along a route": Row(
        "rr.loose_route()\ntm.t_relay()",
        "BYE sip:carol@127.0.0.1:GATEWAY_B",
        (TAG, "Route: <sip:127.0.0.1:SERVER;lr>, <sip:127.0.0.1:GATEWAY_A;lr>, <sip:192.0.2.1;lr>"),
        (200,),
    ),
    "along two lines of routes": Row(
        "rr.loose_route()\ntm.t_relay()",
        "BYE sip:carol@127.0.0.1:GATEWAY_B",
        (TAG, "Route: <sip:127.0.0.1:SERVER;lr>", "X-More: one", "Route: <sip:127.0.0.1:GATEWAY_A;lr>"),
        (200,),
    ),
    "an ACK": Row(
        """
        sl.send_reply(404, "Not Here")
        sl.sl_send_reply(404, "Not Here")
        pv.sets("$du", "sip:127.0.0.1:GATEWAY_A")
        tm.t_relay()
        tm.t_check_trans()
        """,
        "ACK sip:bob@127.0.0.1:SERVER",
        (TAG,),
    ),
    "an ACK, for which routes are named": Row(
        """
        tm.t_on_branch("ksr_branch")
        tm.t_on_reply("ksr_reply")
        tm.t_on_failure("ksr_failure")
        pv.sets("$du", "sip:127.0.0.1:GATEWAY_A")
        tm.t_relay()
        """,
        "ACK sip:bob@127.0.0.1:SERVER",
        (TAG,),
        branch='hdr.append("X-Branch: 1\\r\\n")',
        onsend=pv("$rm $du"),
    ),
    "an ACK to what is no URI": Row('seturi("x")\ntm.t_relay()', "ACK sip:bob@127.0.0.1:SERVER", (TAG,)),
    "replied without a reason": Row('sl.send_reply(404, "")'),
    "replied without a reason, by another": Row('sl.sl_send_reply(404, "")'),
    "a transaction, replied without a reason": Row('tm.t_newtran()\ntm.t_reply(404, "")', INVITE),
    "patterns of codes": Row(
        RELAY,
        INVITE,
        answers=(404,),
        failure="""
        tm.t_check_status("404|5[0-9]{2}")
        tm.t_check_status("^(404|408)$")
        tm.t_check_status("4[[:digit:]]+")
        tm.t_check_status("4(")
        """,
    ),
    "keys of pseudo-variables": Row("""
        pv.sets("$sht(facts=>$rU::$rm)", "v")
        htable.sht_get("facts", "bob::MESSAGE")
        pv.get("$sht(facts=>bob::MESSAGE)")
        pv.sets("$var(key)", "k")
        pv.seti("$sht(facts=>x$var(key)y)", 4)
        htable.sht_get("facts", "xky")
        htable.sht_seti("facts", "3", 3)
        pv.get("$sht(facts=>$(rU{s.len}))")
        pv.unset("$sht(facts=>$(rU{s.len}))")
        htable.sht_get("facts", "3")
        pv.seti("$shv(i)", 3)
        pv.get("$shv(i)")
        pv.geti("$rp") > 0
        pv.sets("$avp(five)", "5")
        pv.geti("$avp(five)")
    """),
    "all values": Row(
        """
        pv.sets("$avp(x)", "one")
        pv.sets("$avp(x)", "two")
        pv.get("$(avp(x)[*])")
        pv.get("$(avp(none)[*])")
        pv.get("$(hdr(X-More)[*])")
        pv.get("$(hdr(X-None)[*])")
        """,
        headers=("X-More: one", "X-More: two"),
    ),
    "short names of headers": Row(
        "\n".join(
            f'hdr.get("{name}")'
            for name in (
                *("s", "Subject", "k", "Supported", "o", "Event", "x", "Session-Expires", "Refer-To"),
                *("Referred-By", "Allow-Events", "Accept-Contact", "Request-Disposition", "Identity"),
                *("Content-Encoding", "Reject-Contact", "J"),
            )
        ),
        headers=(
            *("s: a", "k: b", "o: c", "r: <sip:d@e>", "b: <sip:f@g>", "x: 1800", "u: h"),
            *("a: i", "d: j", "y: k", "e: l", "j: m"),
        ),
    ),
    "users that are no more": Row("""
        pv.sets("$rU", "")
        pv.get("$ru")
        setuser("carol")
        setuser("")
        pv.get("$ru")
    """),
    "hops that are no number": Row(
        "maxfwd.process_maxfwd(10)\nmaxfwd.is_maxfwd_lt(5)", headers=("Max-Forwards: x",)
    ),
    "sent again, without a look": Row('tm.t_newtran()\nsl.send_reply(404, "Not Here")', INVITE, then="again"),
    "sent again, and relayed once": Row(
        'pv.get("$avp(x)")\npv.sets("$avp(x)", "set")\ntm.t_set_fr(1500, 400)' + RELAY,
        INVITE,
        answers=(SILENT,),
        failure='tm.t_branch_timeout()\npv.get("$(avp(x)[*])")',
        then="again",
    ),
    "canceled, and on": Row(
        """
        tm.t_relay() if is_CANCEL() else None
        tm.t_set_fr(1500, 400) if is_INVITE() else None
        pv.sets("$du", "sip:127.0.0.1:GATEWAY_A") if is_INVITE() else None
        tm.t_on_failure("ksr_failure") if is_INVITE() else None
        tm.t_relay() if is_INVITE() else None
        """,
        INVITE,
        answers=(SILENT,),
        failure=RELAY_ON,
        then="CANCEL",
    ),
    "canceled, and refused without a transaction": Row(
        """
        tm.t_check_trans()
        sl.sl_send_reply(404, "None") if is_INVITE() else None
        """,
        INVITE,
        then="CANCEL",
    ),
    "canceled, and not relayed yet": Row(
        """
        tm.t_check_trans() if is_CANCEL() else tm.t_newtran()
        tm.t_relay() if is_CANCEL() else tm.t_on_failure("ksr_failure")
        hdr.append_to_reply("X-R: 1\\r\\n") if is_INVITE() else None
        sl.send_reply(180, "Ringing") if is_INVITE() else tm.t_get_status_code()
        """,
        INVITE,
        failure="tm.t_get_status_code()",
        then="CANCEL",
    ),
    "canceled, and refused": Row(
        """
        tm.t_check_trans()
        tm.t_relay() if is_CANCEL() else tm.t_newtran()
        tm.t_reply(404, "None") if is_INVITE() else None
        """,
        INVITE,
        then="CANCEL",
    ),
    "nodes of a cluster": Row(
        """
        dmq.is_from_node()
        dmq.send_message("keepalive", "sip:127.0.0.1:GATEWAY_A", "body", "text/plain")
        dmq.handle_message()
        """,
        "KDMQ sip:keepalive@127.0.0.1:SERVER",
    ),
    "sent again": Row(
        """
        tm.t_check_trans() == 0 or tm.t_newtran()
        sl.send_reply(404, "Not Here")
        """,
        INVITE,
        then="again",
    ),
    "canceled": Row(
        """
        tm.t_check_trans()
        tm.t_set_fr(1500, 400) if is_INVITE() else None
        tm.t_relay() if is_CANCEL() else None
        pv.sets("$du", "sip:127.0.0.1:GATEWAY_A") if is_INVITE() else None
        tm.t_on_failure("ksr_failure") if is_INVITE() else None
        tm.t_relay() if is_INVITE() else None
        """,
        INVITE,
        answers=(SILENT,),
        failure="tm.t_is_canceled()\ntm.t_branch_timeout()\ntm.t_get_status_code()",
        then="CANCEL",
    ),
    "routes that are named too late": Row(
        """
        pv.sets("$du", "sip:127.0.0.1:GATEWAY_A")
        tm.t_relay()
        tm.t_on_failure("ksr_failure")
        tm.t_on_reply("ksr_reply")
        """,
        INVITE,
        answers=(404,),
        reply='pv.get("$rs")',
        failure='pv.get("$rs")',
    ),
    "a failure route that is named too late by the reply route": Row(
        """
        pv.sets("$du", "sip:127.0.0.1:GATEWAY_A")
        tm.t_on_reply("ksr_reply")
        tm.t_relay()
        """,
        INVITE,
        answers=(404,),
        reply='tm.t_on_failure("ksr_failure")',
        failure='pv.get("$rs")',
    ),
    "a failure route that is taken back too late": Row(
        RELAY + 'tm.t_on_failure("")', INVITE, answers=(404,), failure="tm.t_get_status_code()"
    ),
    "a failure route that is named too late by itself": Row(
        RELAY,
        INVITE,
        answers=(503, 404),
        failure="tm.t_get_status_code()" + RELAY_ON + 'tm.t_on_failure("ksr_failure")',
    ),
    "the code of a transaction": Row(
        """
        tm.t_newtran()
        tm.t_get_status_code()
        tm.t_reply(183, "Ringing")
        tm.t_get_status_code()
        tm.t_check_status("18.")
        sl.sl_send_reply(180, "Ringing")
        tm.t_get_status_code()
        sl.send_reply(404, "None")
        tm.t_check_status("404")
        """,
        INVITE,
    ),
    "the code of a transaction that was relayed": Row(
        RELAY + "tm.t_get_status_code()", INVITE, answers=(200,)
    ),
    "replies, in the route of all": Row(
        'pv.sets("$avp(x)", "kept")\nsetflag(5)\nsetbflag(5)' + RELAY,
        INVITE,
        answers=(503, 200),
        every_reply=pv("$rs $rm $ru $fU $avp(x) $avp(y) $sht(facts=>none)")
        + """
        isflagset(5)
        isbflagset(5)
        setflag(9)
        pv.sets("$avp(y)", "of this route")
        pv.get("$avp(y)")
        sl.send_reply(500, "None")
        sl.sl_send_reply(500, "None")
        hdr.append("X-Every: 1\\r\\n")
        """,
        reply=pv("$avp(x) $avp(y)") + "\nisflagset(5)\nisflagset(9)",
        failure=pv("$avp(x) $avp(y)") + "\nisflagset(9)" + RELAY_ON,
    ),
    "the URI of what is a reply": Row(
        RELAY,
        INVITE,
        answers=(404,),
        every_reply=URI_AT_HAND,
        reply=URI_AT_HAND,
        onsend=URI_AT_HAND,
    ),
    "replied in a reply route": Row(
        RELAY, INVITE, answers=(404,), reply='sl.sl_send_reply(500, "None")\nsl.send_reply(183, "Ringing")'
    ),
    **{
        f"relayed, and replied nevertheless, a {method} that has a {code}": Row(
            RELAY + 'sl.send_reply(500, "None")',
            f"{method} sip:bob@127.0.0.1:SERVER",
            answers=(code,),
            every_reply=pv("$rs") + "\ntm.t_check_trans()",
            reply=pv("$rs"),
            failure=pv("$rs"),
            onsend=pv("$rs") + "\nsiputils.is_reply()",
        )
        for method in ("INVITE", "MESSAGE")
        for code in (200, 404)
    },
    **{
        f"replied, and relayed nevertheless, what has a {code}": Row(
            'tm.t_set_fr(60000, 300)\ntm.t_newtran()\nsl.send_reply(486, "None")' + RELAY,
            INVITE,
            answers=(code,),
            every_reply=pv("$rs") + "\ntm.t_check_trans()",
            reply=pv("$rs"),
            failure=pv("$rs"),
            onsend=pv("$rs") + "\nsiputils.is_reply()",
        )
        for code in (180, 200, 404)
    },
    "replied in a failure route, and relayed nevertheless": Row(
        "tm.t_set_fr(60000, 300)" + RELAY,
        INVITE,
        answers=(503, 404),
        every_reply=pv("$rs") + "\ntm.t_check_trans()",
        reply=pv("$rs"),
        failure='sl.send_reply(480, "Gone")' + RELAY_ON,
        onsend=pv("$rs") + "\nsiputils.is_reply()",
    ),
    "refused in a reply route": Row(
        RELAY,
        INVITE,
        answers=(180,),
        reply='sl.send_reply(486, "None")',
        onsend='pv.get("$rs")\nsiputils.is_reply()',
    ),
    "refused in the reply route of what is no INVITE": Row(
        RELAY, answers=(200,), reply='sl.send_reply(486, "None")', onsend="siputils.is_reply()"
    ),
    "taken, and refused in the reply route": Row(
        RELAY, INVITE, answers=(200,), reply='sl.send_reply(486, "None")', onsend="siputils.is_reply()"
    ),
    "replied in a branch route": Row(
        'tm.t_on_branch("ksr_branch")' + RELAY,
        INVITE,
        answers=(200,),
        branch='sl.send_reply(500, "None")\nsl.sl_send_reply(500, "None")',
    ),
    "a branch route, named for what is relayed next": Row(
        'tm.t_on_branch("ksr_branch")' + RELAY + 'tm.t_is_set("branch_route")',
        INVITE,
        answers=(404, 200),
        branch='tm.t_is_set("branch_route")',
        reply='tm.t_is_set("branch_route")',
        failure='tm.t_is_set("branch_route")\ntm.t_on_branch("ksr_branch")' + RELAY_ON,
    ),
    "a branch route that names itself": Row(
        'tm.t_on_branch("ksr_branch")' + RELAY,
        INVITE,
        answers=(404, 200),
        branch='tm.t_on_branch("ksr_branch")\ntm.t_is_set("branch_route")',
        failure='tm.t_is_set("branch_route")' + RELAY_ON,
    ),
    "a branch route that chooses another hop for one that can't be reached": Row(
        'tm.t_on_branch("ksr_branch")\npv.sets("$du", "sip:none.invalid")\ntm.t_relay()',
        INVITE,
        answers=(200,),
        branch='pv.sets("$du", "sip:127.0.0.1:GATEWAY_A")',
    ),
    "replied without the transaction": Row(
        'sl.sl_send_reply(500, "None")\nsl.send_reply(501, "None")' + RELAY + 'sl.sl_send_reply(502, "None")',
        INVITE,
        answers=(404,),
        failure='sl.sl_send_reply(504, "None")',
    ),
    "replied without the transaction that can't be sent": Row(
        'pv.sets("$du", "sip:none.invalid")\ntm.t_relay()\nsl.sl_send_reply(500, "None")', INVITE
    ),
    "what leaves": Row(
        'pv.sets("$avp(x)", "kept")' + RELAY,
        INVITE,
        answers=(503, 200),
        failure=RELAY_ON,
        onsend=pv("$rm $ru $du $rs $rU $fU $avp(x)")
        + '\nsiputils.is_reply()\nsl.send_reply(500, "None")\ntm.t_get_status_code()',
    ),
    "what leaves, of what rings": Row(
        "setflag(5)" + RELAY, INVITE, answers=(180,), onsend=pv("$rm $ru $rs") + "\nisflagset(5)"
    ),
    "what leaves, of a refusal": Row(
        'pv.sets("$avp(x)", "kept")' + RELAY, answers=(503,), onsend=pv("$rm $ru $rs $avp(x)")
    ),
    "what leaves, replied otherwise": Row(
        RELAY, answers=(503,), onsend=pv("$rm $ru $rs"), failure='sl.send_reply(480, "Gone")'
    ),
    "what leaves, behind silence": Row(
        "tm.t_set_fr(1500, 300)" + RELAY, INVITE, answers=(SILENT,), onsend=pv("$rm $ru $rs")
    ),
    "without an onsend route": Row(
        """
        forget("ksr_onsend_route")
        pv.sets("$du", "sip:127.0.0.1:GATEWAY_A")
        tm.t_relay()
        recall("ksr_onsend_route")
        """,
        answers=(200,),
    ),
    "functions without a route of all replies": Row(
        'forget("ksr_reply_route")' + RELAY,
        INVITE,
        answers=(404,),
        reply='pv.get("$rs")',
        failure='recall("ksr_reply_route")\npv.get("$ru")',
    ),
    "sent by us": Row(
        """
        tm.t_uac_send("OPTIONS", "sip:127.0.0.1:GATEWAY_A", "", "", "From: <sip:a@b>;tag=x\\r\\n", "")
        tm.t_uac_send("OPTIONS", "sip:127.0.0.1:GATEWAY_A", "", "", "From: <x:a>\\r\\nTo: <x:b>\\r\\n", "")
        """,
        answers=(200,),
        event=pv("$rm $ru")
        + """
        tm.t_on_reply("ksr_reply")
        tm.t_on_failure("ksr_failure")
        tm.t_set_fr(0, 500)
        tm.t_set_retr(100, 200)
        pv.get("$sht(counters=>never)")
        pv.sets("$sht(facts=>$rm)", "sent")
        pv.unset("$sht(facts=>$rm)")
        pv.seti("$sht(facts=>$rm)", 2)
        """,
        reply=pv("$rs $rr $sht(facts=>OPTIONS)"),
        every_reply=pv("$rm $rs $rr $ru $avp(none)"),
    ),
    "sent by us over TCP": Row(
        """
        pv.sets("$var(hop)", "sip:127.0.0.1:GATEWAY_A;transport=tcp")
        tm.t_uac_send("OPTIONS", "sip:x", pv.get("$var(hop)"), "", "From: <x:a>\\r\\nTo: <x:b>\\r\\n", "")
        """,
        answers=(200,),
        event='tm.t_on_reply("ksr_reply")\ntm.t_on_failure("ksr_failure")',
        every_reply=pv("$rs $pr $proto $Ru $Ri $Rp"),
    ),
    "shared memory": Row("""
        htable.sht_get("facts", "none")
        htable.sht_get("counters", "none")
        htable.sht_get("none", "none")
        htable.sht_seti("none", "none", 1)
        htable.sht_sets("none", "none", "x")
        htable.sht_inc("none", "none")
        htable.sht_inc("facts", "none")
        htable.sht_seti("facts", "n", 5)
        htable.sht_get("facts", "n")
        htable.sht_sets("facts", "s", "five")
        htable.sht_get("facts", "s")
        htable.sht_inc("facts", "s")
        htable.sht_seti("facts", "s", 7)
        htable.sht_get("facts", "s")
        htable.sht_rm("facts", "n")
        htable.sht_get("facts", "n")
        htable.sht_rm("facts", "n")
        htable.sht_rm("none", "n")
        htable.sht_inc("counters", "c")
        htable.sht_inc("counters", "c")
        htable.sht_dec("counters", "c")
        htable.sht_dec("none", "c")
        htable.sht_lock("facts", "n")
        htable.sht_lock("facts", "n")
        htable.sht_unlock("facts", "n")
        htable.sht_unlock("facts", "n")
        htable.sht_lock("none", "n")
    """),
    "rows in turn": Row("""
        htable.sht_iterator_next("never")
        htable.sht_iterator_end("never")
        pv.get("$shtitkey(never)")
        htable.sht_iterator_start("i", "none")
        htable.sht_seti("turn", "a", 1)
        htable.sht_iterator_start("i", "turn")
        pv.get("$shtitkey(i)")
        htable.sht_iterator_next("i")
        pv.get("$shtitkey(i)")
        pv.get("$shtitval(i)")
        htable.sht_iterator_next("i")
        pv.get("$shtitkey(i)")
        htable.sht_iterator_next("i")
        pv.get("$shtitkey(i)")
        htable.sht_iterator_end("i")
        htable.sht_iterator_next("i")
    """),
    "queues": Row("""
        mqueue.mq_size("facts")
        mqueue.mq_size("none")
        mqueue.mq_add("none", "k", "")
        mqueue.mq_fetch("facts")
        mqueue.mq_fetch("none")
        mqueue.mq_add("facts", "first", "1")
        mqueue.mq_add("facts", "second", "2")
        mqueue.mq_size("facts")
        mqueue.mq_fetch("facts")
        mqueue.mqk_get("facts")
        mqueue.mqv_get("facts")
        mqueue.mq_fetch("facts")
        mqueue.mqk_get("facts")
        mqueue.mq_fetch("facts")
        mqueue.mq_add("two", "1", "")
        mqueue.mq_add("two", "2", "")
        mqueue.mq_add("two", "3", "")
        mqueue.mq_size("two")
        mqueue.mq_fetch("two")
        mqueue.mqk_get("two")
    """),
    "records of DNS": Row("""
        pv.get("$srvquery(x=>count)")
        pv.get("$naptrquery(x=>count)")
        ipops.srv_query("_sip._udp.none.invalid", "x")
        ipops.naptr_query("none.invalid", "x")
        pv.get("$srvquery(x=>count)")
        pv.get("$naptrquery(x=>count)")
    """),
    "a command": Row("""
        jsonrpcs.exec('{"jsonrpc": "2.0", "method": "none", "params": [], "id": 1}')
        "Method Not Found" in pv.get("$jsonrpl(body)")
    """),
}


class _Names(dict[str, Any]):
    """What a call may name: KSR's modules and core functions, and this module's own."""

    def __missing__(self, name: str) -> Any:
        import KSR

        return globals()[name] if name in ("forget", "recall") else getattr(KSR, name)


_forgotten: dict[str, Any] = {}


def forget(function: str) -> None:
    """Have a script without one of its functions."""
    _forgotten[function] = globals().pop(function)


def recall(function: str) -> None:
    """Have it again."""
    globals()[function] = _forgotten.pop(function)


def calls_of(text: str) -> list[str]:
    """Return the calls of a text."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def _made(call: str) -> Any:
    try:
        return eval(_filled(call), {}, _Names())
    except Exception as error:
        return f"raises {type(error).__name__}"


def _filled(text: str) -> str:
    """Put the true ports into a text."""
    import KSR

    for name in ("GATEWAY_A", "GATEWAY_B", "SERVER"):
        if name in text:
            text = text.replace(name, str(KSR.pv.get(f"$def({name})")))
    return text


def _tell(row: str, where: str, text: str) -> int:
    import KSR

    for call in calls_of(text):
        KSR.info(f"CONTRACT {json.dumps([row, where, call, _made(call)])}\n")
    return 1


def _row() -> str:
    import KSR

    return str(KSR.htable.sht_get("rows", "row"))


def _is_a_row() -> bool:
    """Tell what belongs to a row from what dmq sends, and what it is answered."""
    import KSR

    return KSR.pv.get("$rm") != "KDMQ"


def child_init(rank: int) -> int:
    """Start a process."""
    return 0


def ksr_request_route(msg: object) -> int:
    """Make the calls of the row that a request names."""
    import KSR

    row = str(KSR.hdr.get("X-Row"))
    KSR.htable.sht_sets("rows", "row", row)
    return _tell(row, "route", ROWS[row].route)


def ksr_onsend_route(msg: object) -> int:
    """Make the calls of what leaves, and let it leave."""
    return _tell(_row(), "onsend", ROWS[_row()].onsend) if _is_a_row() else 1


def ksr_reply_route(msg: object) -> int:
    """Make the calls of all replies."""
    return _tell(_row(), "every reply", ROWS[_row()].every_reply) if _is_a_row() else 1


def ksr_branch(msg: object) -> int:
    """Make the calls of a branch."""
    return _tell(_row(), "branch", ROWS[_row()].branch)


def ksr_reply(msg: object) -> int:
    """Make the calls of a reply."""
    return _tell(_row(), "reply", ROWS[_row()].reply)


def ksr_failure(msg: object) -> int:
    """Make the calls of a failure."""
    return _tell(_row(), "failure", ROWS[_row()].failure)


def ksr_event(msg: object, event: str) -> int:
    """Make the calls of tm's event, and none if it is dmq that sends."""
    import KSR

    if KSR.pv.get("$rm") == "KDMQ":
        return 1
    return _tell(_row(), "event", ROWS[_row()].event)


def mod_init() -> ModuleType:
    """Have this module's functions called."""
    return sys.modules[__name__]


_REDIRECT = {
    "whose URI is as it came": "",
    "with another user": 'setuser("new")',
    "with the URI that it has": 'pv.sets("$ru", pv.get("$ru"))',
    "with another URI, and a Contact of the script": """
        pv.sets("$ru", "sip:new@example.org;x=y")
        hdr.append_to_reply("Contact: <sip:own@example.org>\\r\\n")
        hdr.append_to_reply("X-Own: 1\\r\\n")
    """,
    "with another next hop": 'pv.sets("$du", "sip:127.0.0.1:GATEWAY_A")',
}
ROWS |= {
    f"redirected {how}, by {reply.partition('(')[0]}": Row(
        f"{change}\n{'tm.t_newtran()' * reply.startswith('tm.')}\n{reply}", INVITE
    )
    for how, change in _REDIRECT.items()
    for reply in ('sl.send_reply(302, "Moved")', 'sl.sl_send_reply(301, "Moved")', 'tm.t_reply(302, "Moved")')
}
ROWS["redirected in a failure route, with another user since t_newtran"] = Row(
    'tm.t_newtran()\nsetuser("late")' + RELAY, INVITE, answers=(503,), failure='tm.t_reply(302, "Moved")'
)
ROWS["not redirected"] = Row('setuser("new")\nsl.send_reply(404, "No")', INVITE)
ROWS["redirected twice"] = Row(
    'setuser("new")\ntm.t_newtran()\nsl.sl_send_reply(302, "One")\ntm.t_reply(302, "Two")', INVITE
)
ROWS |= {
    f"redirected in a transaction {how}": Row(f'tm.t_newtran()\n{change}\ntm.t_reply(302, "Moved")', INVITE)
    for how, change in _REDIRECT.items()
}
ROWS |= {
    f"redirected in a failure route {how}{' behind another one' * bool(before)}": Row(
        before + RELAY, INVITE, answers=(503,), failure=f'{change}\npv.get("$ru")\ntm.t_reply(302, "Moved")'
    )
    for how, change in _REDIRECT.items()
    for before in ("", *([] if change else ['setuser("first")']))
}
