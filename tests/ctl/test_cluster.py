"""The command cluster, and what other commands show of a cluster."""

from __future__ import annotations

import json

from ctl.conftest import Keepalivectl
from ctl.test_looking import HOSTILE, information
from fake_cockpit import Cockpit, Refusal, cluster, node, owned, row, target, view

A, B, C = (f"sip:10.0.0.{number}:5060" for number in (1, 2, 3))
ONLY_B = f"only {B} can't reach it: 1 of 3 nodes, 2 are needed"
WORDS = {
    A: {"word": "up", "since": 86400, "reason": "", "counts": True},
    B: {"word": "down", "since": 0, "reason": "no reply in 501 ms", "counts": False},
}


def test_the_nodes_and_what_some_can_not_reach(cockpit: Cockpit, keepalivectl: Keepalivectl) -> None:
    """What is wrong, a line for each node, one for each destination that is not calm: what live nodes say."""
    nodes = {
        A: node(heard_ago=0),
        B: node(state="degraded", counts=False, version="0.9", config_differs=True),
        C: node(state="never heard", live=False, heard_ago=None, life=0, counts=False, version=""),
    }
    words = {**WORDS, C: {"word": "up", "since": 0, "reason": "", "counts": False}}
    case = {"destination": "sip:x:5060", "cluster": owned(A, mine=True, decision=ONLY_B, words=words)}
    cockpit.answers["cluster"] = cluster(
        nodes=nodes, alone=1, doubted=2, trouble=["one", "two"], signed=False, destinations=[case], total=4
    )
    assert keepalivectl("cluster").stdout.splitlines() == [
        f"{A}: 2 of 3 nodes live; it owns 34, 2 in doubt, 1 that it alone can't reach",
        "! one",
        "! two",
        "! messages are not signed: KEEPALIVE_CLUSTER_SECRET_FILE names no file",
        "",
        "NODE               STATE        HEARD      WORDS         VERSION  CONFIGURATION",
        f"{A}  live         this node  count         1.0",
        f"{B}  degraded     0s ago     do not count  0.9      differs",
        f"{C}  never heard  never      do not count",
        "",
        "DESTINATION  PINGED BY  WORDS                                         DECISION",
        f"sip:x:5060   this node  {A} up, {B} down  {ONLY_B}",
        "and 3 more",
    ]
    assert cockpit.asked == [("cluster", {"count": 100})]
    assert json.loads(keepalivectl("cluster", "-n", "3", "--json").stdout)["total"] == 4
    assert cockpit.asked[1] == ("cluster", {"count": 3})


def test_a_calm_cluster(cockpit: Cockpit, keepalivectl: Keepalivectl) -> None:
    """Has its nodes, and no more; of one whose words are still coming it is said how many are missing."""
    nodes = {A: node(heard_ago=0), B: node(behind=12, counts=False)}
    cockpit.answers["cluster"] = cluster(nodes=nodes, destinations=[], total=0)
    lines = keepalivectl("cluster").stdout.splitlines()
    assert lines[2].split() == ["NODE", "STATE", "HEARD", "WORDS", "VERSION", "CONFIGURATION"]
    assert lines[4].split() == [B, "live", "0s", "ago", "12", "missing", "1.0", "the", "same"]
    assert len(lines) == 5


def test_no_cluster(cockpit: Cockpit, keepalivectl: Keepalivectl) -> None:
    """The server's sentence, and an end that says that it was refused."""

    def refuse(**_: object) -> object:
        raise Refusal(-32002, "this server is in no cluster: KEEPALIVE_NODE is not defined")

    cockpit.answers["cluster"] = refuse
    done = keepalivectl("cluster")
    assert (done.returncode, done.stdout) == (1, "")
    assert "this server is in no cluster" in done.stderr


def test_list_says_who_pings(cockpit: Cockpit, keepalivectl: Keepalivectl) -> None:
    """In a column of its own, and who can't reach it; without a cluster there is neither."""
    rows = (
        row("sip:a", cluster=owned(A, mine=True)),
        row("sip:b", cluster=owned(B, decision=ONLY_B)),
        row("sip:c", "down", reason=f"{ONLY_B}: no reply", cluster=owned(B, decision=ONLY_B)),
        row("sip:name", cluster=None, targets=[target("sip:name#1", cluster=owned(C, decision=ONLY_B))]),
    )
    cockpit.answers["view"] = view(*rows)
    reason = "200 OK in 1.3 ms"
    assert keepalivectl("list", "--targets").stdout.splitlines() == [
        "DESTINATION   STATE  SINCE   MS  LOSS  GROUPS    PINGED BY          WHY",
        f"sip:a         up        1m  1.3    0%  carriers  this node          {reason}",
        f"sip:b         up        1m  1.3    0%  carriers  {B}  {reason}; {ONLY_B}",
        f"sip:c         down      1m  1.3    0%  carriers  {B}  {ONLY_B}: no reply",
        f"sip:name      up        1m  1.3    0%  carriers                     {reason}",
        f"  sip:name#1  up        1m  1.3    0%            {C}  {reason}; {ONLY_B}",
    ]
    cockpit.answers["view"] = view(row("sip:a"))
    assert "PINGED BY" not in keepalivectl("list").stdout


def test_show_has_the_words(cockpit: Cockpit, keepalivectl: Keepalivectl) -> None:
    """What came of them, each node's word, and who was asked."""
    cockpit.answers["info"] = information(cluster=owned(A, decision=ONLY_B, words=WORDS, asked=[B, A]))
    assert keepalivectl("show", "sip:x").stdout.splitlines()[2:6] == [
        f"  cluster      {ONLY_B}",
        f"  word         {A} says up since 1970-01-02 00:00:00",
        f"  word         {B} says down: no reply in 501 ms (does not count)",
        f"  asked        {B}, {A}",
    ]
    cockpit.answers["info"] = information(cluster=owned(A, decision=f"{A} pings it"))
    lines = keepalivectl("show", "sip:x").stdout.splitlines()
    assert lines[2] == f"  cluster      {A} pings it"
    assert f"  pinged       by {A}" in lines
    assert not any(line.startswith(("  word", "  asked")) for line in lines)
    cockpit.answers["info"] = information(cluster={"owner": A, "mine": False})
    lines = keepalivectl("show", "sip:x").stdout.splitlines()
    assert "  pinged       yes" in lines, "of a name, whose targets are"
    assert not any(line.startswith("  cluster") for line in lines)


def test_summary_and_check(cockpit: Cockpit, keepalivectl: Keepalivectl) -> None:
    """How many nodes live, and for Nagios a warning of what is wrong."""
    cockpit.answers["view"] = view(row("sip:a"), cluster=cluster())
    line = f"{A}: 2 of 2 nodes live; it owns 34, 0 in doubt, 0 that it alone can't reach"
    assert line in keepalivectl("summary").stdout.splitlines()
    assert keepalivectl("check").returncode == 0
    cockpit.answers["view"] = view(row("sip:a"), cluster=cluster(trouble=[f"{B} has never been heard"]))
    done = keepalivectl("check")
    assert (done.returncode, done.stdout.partition(" |")[0]) == (
        1,
        f"KEEPALIVE WARNING - {B} has never been heard",
    )


def test_what_a_peer_writes_is_cleaned(cockpit: Cockpit, keepalivectl: Keepalivectl) -> None:
    """No node's name, version or reason drives the terminal."""
    word = {"word": "down", "since": 0, "reason": HOSTILE, "counts": True}
    case = {"destination": HOSTILE, "cluster": owned(HOSTILE, decision=HOSTILE, words={HOSTILE: word})}
    cockpit.answers["cluster"] = cluster(
        nodes={HOSTILE: node(version=HOSTILE)}, trouble=[HOSTILE], destinations=[case], total=1
    )
    cockpit.answers["info"] = information(cluster=case["cluster"])
    cockpit.answers["view"] = view(row("sip:a", cluster=case["cluster"]))
    for words in (["cluster"], ["show", "sip:x"], ["list"]):
        shown = keepalivectl(*words).stdout
        assert "\x1b" not in shown
        assert "\u202e" not in shown
        assert "\\x1b" in shown
