"""The families of metrics that a server in a cluster has."""

from keepalive_core.cockpit import families
from keepalive_core.cockpit.families_of_cluster import FAMILIES


def test_names_and_words() -> None:
    """No two families have one name, with those that each server has; each says in a sentence what it is."""
    every = [each.name for each in (*families.FAMILIES, *FAMILIES)]
    assert len(set(every)) == len(every)
    assert all(each.name.startswith("cluster_") and each.help.endswith(".") for each in FAMILIES)
