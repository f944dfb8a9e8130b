"""What is_alive reads of a destination: one number, and what it says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepalive_core.rules import service_code
from keepalive_core.rules.modes import DRAIN, MAINT, READY, Admin
from keepalive_core.rules.record import Health
from keepalive_core.rules.service_code import ERROR, Service, code, code_of, shown_as
from keepalive_core.rules.showing import CLASSES
from keepalive_core.rules.states import DOWN, STATE_NAMES, UNKNOWN, UP

STATES = st.sampled_from(sorted(STATE_NAMES))
SERVICES = st.sampled_from(Service)
GROUPS = st.integers(0, 1000)


@given(STATES, SERVICES, GROUPS)
def test_a_code_says_what_it_was_made_of(state: int, service: Service, groups: int) -> None:
    """State, service and groups come back, whatever the others are."""
    number = code(state, service, groups)
    assert service_code.is_sound(number)
    assert service_code.state_of(number) == state
    assert service_code.groups_keeping(number) == groups
    assert service_code.own(number) == code(state, service)
    assert service_code.kept_by(number, groups + 1) == code(state, service, groups + 1)
    assert service_code.is_taken_out(number) == (service in (Service.DRAINED, Service.MAINTENANCE))
    assert service_code.is_unknown(number) == (state == UNKNOWN and service is Service.IN)


@given(STATES, SERVICES, GROUPS, st.sampled_from(["up", "down", "error"]))
def test_what_is_answered(state: int, service: Service, groups: int, word: str) -> None:
    """A group that keeps it answering comes first, then who has taken it out, then the state."""
    number = service_code.with_unknown_as(code(state, service), word)
    unknown = {"up": UP, "down": DOWN, "error": ERROR}[word]
    alone = DOWN if service else {UNKNOWN: unknown}.get(state, state)
    assert service_code.own_answer(number) == service_code.answer(number) == alone
    assert service_code.state_of(number) == state
    assert service_code.is_sound(number)
    kept = service_code.kept_by(number, groups)
    assert service_code.own_answer(kept) == alone
    assert service_code.answer(kept) == (UP if groups else alone)
    if groups <= 16:
        assert service_code.usual_answers()[kept] == service_code.answer(kept)


def test_what_kamcmd_shows_stays_as_it_was() -> None:
    """The numbers of `htable.dump keepalive_state`, which operators read."""
    assert [code(state) for state in (UNKNOWN, UP, DOWN)] == [0, 1, 2]
    assert [code(UP, service) for service in Service] == [1, 11, 21, 31]
    assert code(DOWN, Service.MAINTENANCE, 2) == 222
    assert [service_code.with_unknown_as(0, word) for word in ("up", "down", "error")] == [0, 3, 4]


@pytest.mark.parametrize(
    ("mode", "service"), [(DRAIN, Service.DRAINED), (MAINT, Service.MAINTENANCE), (READY, Service.OWN_DRAIN)]
)
def test_an_administrators_word_comes_first(mode: str, service: Service) -> None:
    """A destination in a drain of its own is drained, in maintenance, or in its own drain."""
    known = Health(1, UP, drain_until=5)
    assert code_of(known, Admin(mode, 0, "", "", 0)) == code(UP, service)
    assert code_of(known, None) == code(UP, Service.OWN_DRAIN)
    assert code_of(Health(1, DOWN), None) == code(DOWN)


@pytest.mark.parametrize("nonsense", [-1, -100, 5, 9, 40, 41, 99, 105, None, "1", 1.0])
def test_nonsense_is_no_code(nonsense: object) -> None:
    """Who may use RPC can write anything there."""
    assert not service_code.is_sound(nonsense)


@given(STATES, st.sampled_from(["up", "down", "error"]))
def test_who_is_in_service_has_the_code_of_its_state(state: int, word: str) -> None:
    """What the long way comes to, if nobody has taken it out."""
    long_way = code_of(Health(7, state), None)
    if service_code.is_unknown(long_way):
        long_way = service_code.with_unknown_as(long_way, word)
    assert service_code.in_service(state, word) == long_way


@pytest.mark.parametrize("service", Service)
def test_who_serves(service: Service) -> None:
    """Whom nobody has taken out, and who did not ask for that, whatever its state is and who keeps it."""
    for state in (0, 1, 2, 3, 4):
        assert service_code.is_serving(code(state, service, 3)) == (service is Service.IN)


@pytest.mark.parametrize("service", Service)
@pytest.mark.parametrize(
    ("state", "word"), [(0, "unknown"), (1, "up"), (2, "down"), (3, "unknown"), (4, "unknown")]
)
def test_each_is_shown_as_one_thing(state: int, word: str, service: Service) -> None:
    """What takes it out comes before its state, and who keeps it answering does not matter."""
    taken_out = {Service.DRAINED: "drain", Service.OWN_DRAIN: "drain", Service.MAINTENANCE: "maint"}
    for groups in (0, 3):
        assert shown_as(code(state, service, groups)) == taken_out.get(service, word)
    assert taken_out.get(service, word) in CLASSES
