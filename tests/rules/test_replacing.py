"""Lists of destinations in kamailio.cfg."""

from keepalive_core.rules.replacing import split_destinations


def test_destinations_are_parted_by_commas_and_white_space() -> None:
    """A list in kamailio.cfg has commas, white space or both between its URIs."""
    assert split_destinations("192.168.10.20, sip.provider.com") == ["192.168.10.20", "sip.provider.com"]
    assert split_destinations(" a\tb,\n c ,,d ") == ["a", "b", "c", "d"]
    assert split_destinations("") == []
