"""What profiles say is what the parameters take; what they do is in the tests of policy.py."""

from __future__ import annotations

import pytest

from keepalive_core.rules.parameters import PARAMETERS, check
from keepalive_core.rules.profiles import PROFILES


@pytest.mark.parametrize("name", PROFILES)
def test_a_profile_says_what_it_may(name: str) -> None:
    """Each value is one of its parameter, as check() returns it, and no default."""
    for parameter, value in PROFILES[name].items():
        assert check(parameter, value) == value
        assert PARAMETERS[parameter].of_profile
