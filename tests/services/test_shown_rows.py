"""What is kept of a destination for those who look: read as it is at that moment."""

from cockpit_calls import A, Desk
from conftest import FakeServer


def test_a_row_is_read(server: FakeServer) -> None:
    """Who owns it, in which groups, as what it is counted, and since when."""
    desk = Desk(server)
    destination_rows = desk.part("kamailio.destination_rows")
    assert desk.keepalive.add_destination(A, "me", group="Carriers") == 0
    desk.ping(31)
    row = desk.part("services.shown_rows").Row(f"{A}:5060")
    assert (row.shown, row.owners) == ("unknown", ())
    registered = destination_rows.registration(row.key)
    assert registered is not None
    row.read(registered, None, lambda value: value)
    assert (row.uri, row.owners, row.groups, row.shown) == (A, (("me", "Carriers"),), ("Carriers",), "up")
    assert row.text == f"{A}:5060 {A} carriers"
    health = destination_rows.health(row.key)
    assert health is not None
    assert (row.since, row.latency) == (health.since, health.latency)
    assert desk.call("set_admin", A, "maint")["after"]["mode"] == "maint"
    row.read(registered, None, lambda value: value)
    admin = destination_rows.admin(row.key)
    assert admin is not None
    assert (row.shown, row.since) == ("maint", admin.since)
