"""The commands that show something."""

import json

import pytest

from ctl.conftest import Keepalivectl
from fake_cockpit import Cockpit, group, row, view

HOSTILE = "\x1b[2J\x1b]0;x\x07\r\n\u202e|" + "A" * 5000
"""a reason phrase of a peer that means no good"""


def information(**others: object) -> dict[str, object]:
    """What the method info returns."""
    return {
        "destination": "sip:x",
        "uri": "sip:x:5060",
        "state": "down",
        "admin": {"mode": "ready"},
        "not_pinged_because": "",
        "held": ["group_min_alive"],
        "drained_until": 0,
        "kept_down_until": 0,
        "since": 86400,
        "last_reason": "no reply in 3062 ms",
        "last_up": 1000,
        "last_down": 86400,
        "ok": 8,
        "failed": 4,
        "void": 2,
        "drained": 0,
        "latency_ms": {"last": 1.25, "p95": 20},
        "loss": {"percent": 4.0},
        "calls": {"ok": 1, "failed": 0},
        "options": {"rise": 3},
        "owners": {"list_file": {"group": "carriers", "priority": 2}, "route": {"group": ""}},
        "availability": {"1h": {"percent": 99.95}, "30d": {"percent": None}, "strip": "--ud"},
        "history": [{"at": 86400, "from": "up", "to": "down", "reason": "no reply in 3062 ms"}],
        **others,
    }


def test_summary(cockpit: Cockpit, keepalivectl: Keepalivectl) -> None:
    """Counts, whether pings go out, and the groups; no rows are asked for."""
    rows = (row("sip:a"), row("sip:b", "down"), row("sip:c", "maint"))
    cockpit.answers["view"] = view(*rows, groups=(group(up=1, down=1, maint=1),))
    done = keepalivectl("summary")
    assert cockpit.asked == [("view", {"count": 0})]
    assert done.stdout.splitlines() == [
        "sbc1: keepalive 1.0, pings go out",
        "1 up, 1 down, 0 unknown, 0 drain, 1 maint",
        "",
        "GROUP     MEMBERS  ALIVE  UP  DOWN  UNKNOWN  DRAIN  MAINT  HELD",
        "carriers        3      1   1     1        0      0      1",
    ]
    assert "rows" not in json.loads(keepalivectl("summary", "--json").stdout)


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"paused": True}, "sbc1: keepalive 1.0, pings are paused"),
        ({"enabled": False, "paused": True}, "sbc1: keepalive 1.0, pings are disabled"),
        ({"groups": [group()], "groups_total": 105}, "and 104 groups more"),
    ],
)
def test_summary_says_what_is_special(
    told: dict[str, object], said: str, cockpit: Cockpit, keepalivectl: Keepalivectl
) -> None:
    """That nobody is pinged, and that there are more groups than are shown."""
    cockpit.answers["view"] = view(**told)
    assert said in keepalivectl("summary").stdout.splitlines()


def test_list(cockpit: Cockpit, keepalivectl: Keepalivectl) -> None:
    """One line each, in columns; an administrator's word stands in place of the reason."""
    until = {"by": "anna", "why": "card swap", "until": 86400}
    rows = (
        row("sip:a"),
        row("sip:10.0.0.9", "maint", **until),
        row("sip:c", "unknown", since=0, latency_ms=0),
    )
    cockpit.answers["view"] = view(*rows)
    assert keepalivectl("list").stdout.splitlines() == [
        "DESTINATION   STATE    SINCE   MS  LOSS  GROUPS    WHY",
        "sip:a         up          1m  1.3    0%  carriers  200 OK in 1.3 ms",
        "sip:10.0.0.9  maint       1m  1.3    0%  carriers  anna until 1970-01-02 00:00:00: card swap",
        "sip:c         unknown                0%  carriers  200 OK in 1.3 ms",
    ]


def test_list_asks_for_what_is_wanted(cockpit: Cockpit, keepalivectl: Keepalivectl) -> None:
    """The server filters and counts."""
    cockpit.answers["view"] = view(row("sip:a"))
    line = "list --group g --state down --search 10.0 --sort worst --count 7 --names"
    assert keepalivectl(*line.split()).stdout == "sip:a\n"
    wanted = {"group": "g", "state": "down", "search": "10.0", "sort": "worst", "from": 0, "count": 7}
    assert cockpit.asked == [("view", wanted)]


def test_list_has_all_pages(cockpit: Cockpit, keepalivectl: Keepalivectl) -> None:
    """Each destination is shown once, however many there are, and though one comes twice."""
    every = [row(f"sip:{number}") for number in range(2500)]

    def page(count: int, **asked: object) -> object:
        begin = asked["from"]
        assert isinstance(begin, int)
        return view(*every[max(begin - 1, 0) : begin + min(count, 1000)], total=2500)

    cockpit.answers["view"] = page
    names = keepalivectl("list", "--names").stdout.split()
    assert names == [each["uri"] for each in every]
    assert len(json.loads(keepalivectl("--json", "list").stdout)) == 2500
    assert len(keepalivectl("list", "--names", "--count", "1200").stdout.split()) == 1200


def test_show(cockpit: Cockpit, keepalivectl: Keepalivectl) -> None:
    """What is known of one, a fact a line."""
    cockpit.answers["info"] = information()
    assert keepalivectl("show", "sip:x").stdout.splitlines() == [
        "sip:x:5060",
        "  state        down since 1970-01-02 00:00:00: no reply in 3062 ms",
        "  admin        ready",
        "  pinged       yes",
        "  held by      group_min_alive",
        "  pings        8 ok, 4 failed, 2 void, 0 drained",
        "  available    1h 99.95 %, 30d not measured",
        "  last ok      1970-01-01 00:16:40",
        "  last failed  1970-01-02 00:00:00",
        "  latency      last 1.2 ms, p95 20.0 ms",
        "  loss         4 %",
        "  calls        1 ok, 0 failed",
        "  owner        list_file: group carriers, priority 2",
        "  owner        route",
        "  options      rise=3",
    ]


def test_show_one_that_tracks_and_one_that_is_tracked(cockpit: Cockpit, keepalivectl: Keepalivectl) -> None:
    """Whose pings count for it, unless it is told why that one has none; and how many it has."""
    for others, line in (
        ({"tracks": "sip:y:5060", "tracked_by": 0}, "  pinged       no: it tracks sip:y:5060"),
        ({"tracks": "sip:y:5060", "not_pinged_because": "track: paused"}, "  pinged       no: track: paused"),
        ({"tracks": "", "tracked_by": 500}, "  tracked by   500"),
    ):
        cockpit.answers["info"] = information(**others)
        assert line in keepalivectl("show", "sip:x").stdout.splitlines()


def test_history(cockpit: Cockpit, keepalivectl: Keepalivectl) -> None:
    """The last changes, and the last pings as a curve."""
    cockpit.answers |= {"info": information(), "view": view(row("sip:x"))}
    assert keepalivectl("history", "sip:x", LC_ALL="C.UTF-8").stdout.splitlines() == [
        "AT                   FROM  TO    REASON",
        "1970-01-02 00:00:00  up    down  no reply in 3062 ms",
        "last 3 pings: ▁x█, 1.3 to 20.0 ms, x is lost",
        "last day, by quarter hours: --ud",
    ]
    shown = json.loads(keepalivectl("history", "sip:x", "--json").stdout)
    assert shown["samples"] == [1.3, None, 20.0]


def test_history_with_another_policy(cockpit: Cockpit, keepalivectl: Keepalivectl) -> None:
    """What is in force, and what the other one would have made of the same pings."""
    down, up = {"ago": 6, "from": "up", "to": "down"}, {"ago": 5, "from": "down", "to": "up"}
    policy = {"rise": 1, "fall": 1, "ping_timeout": 3000}
    cockpit.answers["what_if"] = {
        "destination": "sip:x:5060",
        "samples": 50,
        "in_force": {"policy": policy, "changes": [down, up]},
        "what_if": {"policy": {**policy, "rise": 3, "fall": 2}, "changes": []},
    }
    assert keepalivectl("history", "--policy", "fall=2,rise=3", "sip:x").stdout.splitlines() == [
        "in force: rise 1, fall 1, ping_timeout 3000: 2 changes in 50 pings",
        "  6 pings ago: up -> down",
        "  5 pings ago: down -> up",
        "instead: rise 3, fall 2, ping_timeout 3000: 0 changes in 50 pings",
    ]
    assert cockpit.asked[-1] == ("what_if", {"destination": "sip:x", "policy": {"fall": "2", "rise": "3"}})
    shown = json.loads(keepalivectl("history", "--policy", "fall=2", "sip:x", "--json").stdout)
    assert shown["in_force"]["changes"] == [down, up]
    assert keepalivectl("history", "--policy", "calm", "sip:x").returncode == 2


def test_groups(cockpit: Cockpit, keepalivectl: Keepalivectl) -> None:
    """All of them, or their names."""
    cockpit.answers["groups"] = [{**group(down=2), "held": True}, group("pstn", up=1)]
    assert (
        keepalivectl("groups")
        .stdout.splitlines()[1]
        .endswith("carriers        2      0   0     2        0      0      0  held")
    )
    assert keepalivectl("groups", "--names").stdout == "carriers\npstn\n"


def test_orders(cockpit: Cockpit, keepalivectl: Keepalivectl) -> None:
    """Who did what, from where, when."""
    order = {
        "at": 86400,
        "by": "anna",
        "from": "unix socket",
        "what": "sip:x",
        "before": "ready",
        "after": "maint",
    }
    cockpit.answers["orders"] = [order]
    assert keepalivectl("orders", "--count", "3").stdout.splitlines() == [
        "AT                   BY    PLACE        WHAT   BEFORE  AFTER",
        "1970-01-02 00:00:00  anna  unix socket  sip:x  ready   maint",
    ]
    assert cockpit.asked == [("orders", {"count": 3})]


def test_changes(cockpit: Cockpit, keepalivectl: Keepalivectl) -> None:
    """The last ones of all destinations, with their numbers."""
    change = {
        "number": 7,
        "at": 86400,
        "destination": "sip:x",
        "uri": "sip:x",
        "from": "up",
        "to": "down",
        "reason": "r",
    }
    cockpit.answers["changes"] = {"number": 7, "gap": 0, "changes": [change]}
    assert keepalivectl("changes", "--since", "6").stdout.splitlines() == [
        "NUMBER  AT                   DESTINATION  FROM  TO    REASON",
        "7       1970-01-02 00:00:00  sip:x        up    down  r",
    ]
    assert cockpit.asked == [("changes", {"since": 6, "count": 100})]


def test_settings(cockpit: Cockpit, keepalivectl: Keepalivectl) -> None:
    """All parameters, or those that are named; a name that is none is refused."""
    rise = {"value": 3, "default": 1, "unit": "", "set_by": "kamailio.cfg"}
    cockpit.answers["settings"] = {"rise": rise, "ping_interval": {**rise, "unit": "seconds"}}
    assert keepalivectl("settings", "rise").stdout.splitlines() == [
        "NAME  VALUE  DEFAULT  UNIT  SET BY",
        "rise  3      1              kamailio.cfg",
    ]
    assert len(keepalivectl("settings").stdout.splitlines()) == 3
    done = keepalivectl("settings", "rice")
    assert (done.returncode, done.stderr) == (1, "keepalivectl: rice is no parameter\n")


@pytest.mark.parametrize(
    ("line", "method", "parameters"),
    [
        ("alive carriers", "alive", ["carriers"]),
        ("set_admin sip:x;transport=tcp maint 60", "set_admin", ["sip:x;transport=tcp", "maint", 60]),
        ("set_admin destination=sip:x until=60", "set_admin", {"destination": "sip:x", "until": 60}),
        ('configure_group g {"min_alive":1}', "configure_group", ["g", {"min_alive": 1}]),
        ('is_alive "10"', "is_alive", ["10"]),
        ("core.uptime", "core.uptime", []),
        ("keepalive.list", "list", []),
        ("alive NaN", "alive", ["NaN"]),
        ("alive 1e999", "alive", ["1e999"]),
        pytest.param("alive " + "[" * 9999, "alive", ["[" * 9999], id="deep"),
        ("report_reply sip:x -1", "report_reply", ["sip:x", -1]),
    ],
)
def test_rpc(
    line: str, method: str, parameters: object, cockpit: Cockpit, keepalivectl: Keepalivectl
) -> None:
    """Any method, its parameters by place or by name, each JSON or a text; the result is JSON."""
    cockpit.answers[method] = ["sip:x"]
    done = keepalivectl("rpc", *line.split())
    assert (done.returncode, json.loads(done.stdout)) == (0, ["sip:x"])
    assert cockpit.asked == [(method, parameters)]


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("rpc view count=1 sort=name count=2", "count"),
        ("history --policy fall=2,rise=1,fall=3 sip:x", "fall"),
    ],
)
def test_what_is_said_twice(line: str, name: str, cockpit: Cockpit, keepalivectl: Keepalivectl) -> None:
    """Of two values for one name none is thrown away: it is refused, and nothing is asked."""
    done = keepalivectl(*line.split())
    assert (done.returncode, done.stdout) == (2, "")
    assert f"'{name}' is said twice" in done.stderr
    assert cockpit.asked == []


def test_an_object_with_equal_names_is_no_json(cockpit: Cockpit, keepalivectl: Keepalivectl) -> None:
    """It goes to the server as the text that it is, which refuses it: not with one value less."""
    cockpit.answers["what_if"] = {}
    text = '{"fall":2,"fall":3}'
    assert keepalivectl("rpc", "what_if", "sip:x", text).returncode == 0
    assert cockpit.asked == [("what_if", ["sip:x", text])]


@pytest.mark.parametrize(
    "line", ["summary", "list", "show sip:x", "history sip:x", "groups", "orders", "changes"]
)
def test_hostile_texts_reach_no_terminal(line: str, cockpit: Cockpit, keepalivectl: Keepalivectl) -> None:
    """Whatever another one wrote, it is one line of printable characters, of bounded length."""
    rows = (
        row(HOSTILE, reason=HOSTILE, groups=[HOSTILE], by=HOSTILE, why=HOSTILE, shown="maint", admin="maint"),
    )
    change = {
        "number": 1,
        "at": 1,
        "destination": "",
        "uri": HOSTILE,
        "from": "up",
        "to": HOSTILE,
        "reason": HOSTILE,
    }
    order = dict.fromkeys(("by", "from", "what", "before", "after"), HOSTILE)
    told = {
        "availability": {HOSTILE: {"percent": 1}, "strip": HOSTILE},
        "history": [change], "last_reason": HOSTILE, "uri": HOSTILE, "owners": {HOSTILE: {"group": ""}},
        "options": {HOSTILE: HOSTILE}, "not_pinged_because": HOSTILE, "held": [HOSTILE],
    }  # fmt: skip
    cockpit.answers = {
        "view": view(*rows, groups=(group(HOSTILE),), server=HOSTILE, version=HOSTILE),
        "info": information(**told), "groups": [group(HOSTILE)],
        "orders": [{"at": 1, **order}], "changes": {"number": 1, "gap": 0, "changes": [change]},
    }  # fmt: skip
    done = keepalivectl(*line.split())
    assert (done.returncode, done.stderr) == (0, "")
    assert all(each.isprintable() for each in done.stdout.splitlines())
    assert len(done.stdout.splitlines()) < 16
    assert len(done.stdout) < 16000
