"""docs/cluster.md: what it says is what there is."""

import os
import re
import subprocess
import sys
from pathlib import Path

from examples import table
from keepalive_core.rules import cluster_keys, cluster_settings
from keepalive_core.rules.cluster_parameters import ClusterValues
from keepalive_core.rules.cluster_shown import Node
from keepalive_core.rules.parameter import Parameter
from places import ROOT

PAGE = (ROOT / "docs" / "cluster.md").read_text()
PARAMETERS = {name: each for name, each in vars(ClusterValues).items() if isinstance(each, Parameter)}


def test_the_lines_of_kamailio_cfg_hold() -> None:
    """None of the defines is refused, and there are no others."""
    defines = dict(re.findall(r'^#!define KEEPALIVE_(\w+) "(.*)"$', PAGE, re.MULTILINE))
    found, refused = cluster_settings.parse_settings({name.lower(): value for name, value in defines.items()})
    assert refused == []
    assert (found.node, list(found.peers)) == ("sip:10.0.0.1:5060", ["sip:10.0.0.2:5060"])
    assert found.secret_file == "/etc/kamailio/keepalive.cluster"
    assert {name.lower() for name in defines} <= set(cluster_settings.NAMES)
    assert f"`KEEPALIVE_PEER1` to `KEEPALIVE_PEER{cluster_settings.MOST_PEERS}`" in PAGE


def test_the_line_that_makes_a_secret(tmp_path: Path) -> None:
    """Its file is taken as it is; chgrp is left out here, as there may be no such group."""
    (line,) = re.findall(r"^\( umask .*\)$", PAGE, re.MULTILINE)
    here = tmp_path / "keepalive.cluster"
    shell = re.sub(r"; chgrp \S+ \S+", "", line).replace("/etc/kamailio/keepalive.cluster", str(here))
    subprocess.run(["sh", "-c", shell], check=True)
    assert len(cluster_keys.keys_of(here.read_bytes(), os.stat(here).st_mode)) == 1
    assert os.stat(here).st_mode & 0o777 == 0o640


def test_the_table_of_settings() -> None:
    """Each parameter of a cluster, with its default."""
    rows = dict(re.findall(r"^\| `(cluster_\w+)` \| (?:`([^`]*)`)? ?\|", PAGE, re.MULTILINE))
    assert rows == {name: each.defined for name, each in PARAMETERS.items()}


def test_the_words_of_a_node() -> None:
    """Each word that a node's state can be is in the table, and no other."""
    cells = re.findall(r"`([^`]+)`", " ".join(table(PAGE, "| word of a node")))
    nodes = (Node(), Node(life=1), Node(True))
    states = {each.state() for each in nodes}
    states |= {Node(True)._replace(**{flag: True}).state() for flag in ("degraded", "paused", "joining")}
    assert set(cells) == states


def test_the_table_of_the_simulation() -> None:
    """A smaller one has the same rows, so whoever changes the program makes the table anew."""
    command = [sys.executable, "bench/cluster_simulation.py", "--nodes", "4", "--destinations", "400"]
    done = subprocess.run([*command, "--sample", "200"], cwd=ROOT, capture_output=True, text=True, timeout=60)
    shown = re.findall(r"^\| (?!what)(\S[^|]*) \|", done.stdout, re.MULTILINE)
    said = table(PAGE, "| what | how much")
    # How many are asked in the last row follows from the number of nodes.
    assert [re.sub(r"=?[\d,]+", "", row) for row in shown] == [re.sub(r"=?[\d,]+", "", row) for row in said]
    assert said
