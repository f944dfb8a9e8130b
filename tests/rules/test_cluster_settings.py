"""What the defines of a cluster say."""

import pytest

from keepalive_core.rules.checks import Refused
from keepalive_core.rules.cluster_settings import NAMES, PEERS, node_name, parse_settings

NODE = "sip:10.0.0.1:5060"


def test_a_node_and_its_peers() -> None:
    """Names have one form; dmq gets each address as it was given."""
    found, refused = parse_settings(
        {"node": "sip:10.0.0.1", "peer1": "sip:10.0.0.2", "peer8": "sip:10.0.0.3:5070"}
    )
    assert refused == []
    assert found.node == NODE
    assert found.peers == {"sip:10.0.0.2:5060": "sip:10.0.0.2", "sip:10.0.0.3:5070": "sip:10.0.0.3:5070"}
    assert found.secret_file == ""
    assert ("node", *PEERS, "cluster_secret_file") == NAMES
    assert len(PEERS) == 8


def test_without_a_node_there_is_no_cluster() -> None:
    """Whatever else is defined."""
    found, refused = parse_settings({"peer1": "sip:10.0.0.2:5060", "cluster_secret_file": "/x"})
    assert (found.node, found.peers, found.secret_file, refused) == ("", {}, "", [])


def test_a_path() -> None:
    """White space around it is none of it."""
    assert parse_settings({"node": NODE, "cluster_secret_file": " /a b "})[0].secret_file == "/a b"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "a node is its IPv4 address and UDP port"),
        ("10.0.0.2:5060", "a node is its IPv4 address and UDP port"),
        ("sip:10.0.0.2:0", "a node is its IPv4 address and UDP port"),
        ("sip:10.0.0.2:99999", "a node is its IPv4 address and UDP port"),
        ("sip:10.0.0.256:5060", "such as sip:10.0.0.1:5060"),
        ("sip:me@10.0.0.2:5060", "a node is its IPv4 address and UDP port"),
        ("sips:10.0.0.2:5060", "a node is its IPv4 address and UDP port"),
        ("sip:10.0.0.2:5060;transport=tcp", "nodes speak over UDP alone"),
        ("sip:10.0.0.2:5061;transport=tls", "nodes speak over UDP alone"),
        ("sip:[2001:db8::1]:5060", "dmq reads no IPv6 address"),
        ("sip:b.example.com:5060", "'b.example.com' is a name, which another node may have for another"),
        ("sip:" + "9" * 5000, "a node is its IPv4 address"),
        ("sip:10.0.0.2:5060 sip:10.0.0.3:5060", "a node is its IPv4 address"),
        ("sip:10.0.0.2:5060\n", "a node is its IPv4 address"),
        (NODE, "it is this node, KEEPALIVE_NODE; a peer is another one"),
        ("sip:10.0.0.1", "it is this node"),
        ("sip:10.0.0.9", "it is there twice"),
    ],
)
def test_what_can_not_be_is_refused_by_itself(text: str, reason: str) -> None:
    """One sentence has the define, its text and the reason, and a bound on its length; the others hold."""
    found, [sentence] = parse_settings({"node": NODE, "peer1": "sip:10.0.0.9:5060", "peer2": text})
    assert found.peers == {"sip:10.0.0.9:5060": "sip:10.0.0.9:5060"}
    assert sentence.startswith("KEEPALIVE_PEER2: ")
    assert " is ignored: " in sentence
    assert reason in sentence
    assert len(sentence) < 300


def test_a_node_that_can_not_be() -> None:
    """Then there is no cluster, and a peer is no peer."""
    found, [sentence] = parse_settings({"node": "sip:a.example.com:5060", "peer1": "sip:10.0.0.2:5060"})
    assert (found.node, found.peers) == ("", {})
    assert sentence.startswith("KEEPALIVE_NODE: 'sip:a.example.com:5060' is ignored: ")


def test_a_name() -> None:
    """As cluster_nodes has it."""
    assert node_name("sip:10.0.0.1") == NODE
    with pytest.raises(Refused, match="UDP alone"):
        node_name("sip:10.0.0.1;transport=tcp")
