"""Who has something done."""

from keepalive_core.rules.operator import Operator


def test_an_operator_has_a_name_and_a_place() -> None:
    """Both are told wherever it is told what was done."""
    assert Operator("anna", "unix socket")._asdict() == {"name": "anna", "place": "unix socket"}
