"""The fake of KSR is strict; tests/real/test_contract.py sees that it lies nowhere."""

from collections.abc import Callable
from enum import StrEnum
from typing import Any

import pytest

from keepalive_testing import signatures
from keepalive_testing.ksr import FakeKSR, Violation


@pytest.mark.parametrize(
    "wrong",
    [
        lambda ksr: ksr.htable.sht_getx("t", "k"),
        lambda ksr: ksr.nomodule,
        lambda ksr: ksr.htable.sht_get("t"),
        lambda ksr: ksr.htable.sht_get("t", 7),
        lambda ksr: ksr.htable.sht_seti("t", "k", "7"),
        lambda ksr: ksr.htable.sht_seti("t", "k", 1 << 31),
        lambda ksr: ksr.htable.sht_seti("t", "k", -(1 << 31) - 1),
        lambda ksr: ksr.htable.sht_unlock("t", "k"),
        lambda ksr: ksr.pv.get("$none(t)"),
        lambda ksr: ksr.pv.sets("$avp(x)", "no transaction"),
        lambda ksr: ksr.tm.t_set_fr(0, 1000),
        lambda ksr: ksr.pv.get("$stat(rcv_requests)"),
        lambda ksr: ksr.pv.get("$jsonrpl(code)"),
        lambda ksr: ksr.err("no end of line"),
        lambda ksr: ksr.err("two\nlines\n"),
    ],
)
@pytest.mark.parametrize("version", signatures.VERSIONS)
def test_what_a_server_lacks_is_a_violation(version: str, wrong: Callable[[Any], Any]) -> None:
    """A missing name, a wrong count or type, an unlock of no lock: each fails the test, caught or not."""
    fake = FakeKSR(version)
    with pytest.raises(Violation):
        wrong(fake.module)
    assert len(fake.violations) == 1


class Gateway(StrEnum):
    """Texts, as a script may have them."""

    FIRST = "sip:192.168.10.20"


def test_what_is_a_text_or_a_number_is_taken() -> None:
    """A member of a StrEnum is its text, True is 1, and a number may have 32 bits: a server takes them."""
    fake = FakeKSR()
    fake.add_table("t")
    fake.module.htable.sht_sets("t", Gateway.FIRST, Gateway.FIRST)
    fake.module.htable.sht_seti("t", "yes", True)
    fake.module.htable.sht_seti("t", "low", -(1 << 31))
    assert (
        repr(fake.tables["t"]) == f"{{'{Gateway.FIRST}': '{Gateway.FIRST}', 'yes': 1, 'low': {-(1 << 31)}}}"
    )


def test_what_it_does_not_imitate_has_the_answer_that_the_test_gives() -> None:
    """A function of a server that the fake does not imitate is a violation, until a test says what it is."""
    fake = FakeKSR()
    with pytest.raises(Violation, match="answers"):
        fake.module.tm.t_clean()
    fake.answers("tm.t_clean", 1)
    fake.answers("registrar.lookup", lambda table: table == "location")
    fake.answers("$T_reply_code", 486)
    assert fake.module.tm.t_clean() == 1
    assert fake.module.registrar.lookup("location") is True
    assert fake.module.pv.get("$T_reply_code") == 486
    with pytest.raises(Violation):
        fake.module.registrar.save("location", 0)
    with pytest.raises(Violation, match="takes"):
        fake.module.registrar.lookup("location", 0)


def test_there_are_stubs_of_each_version() -> None:
    """Each version that the README promises was asked."""
    assert signatures.VERSIONS == ["5.6", "6.0", "6.1"]


OTHERWISE = {"6.0": {"cfgutils.lock", "cfgutils.trylock", "cfgutils.unlock"}, "6.1": set()}
"""functions that take other parameters than on 5.6"""


@pytest.mark.parametrize("version", signatures.VERSIONS[1:])
def test_versions_only_add(version: str) -> None:
    """What the fake of 5.6 allows works on later ones, without two modules, and with a fault of 6.0."""
    old, new = signatures.load("5.6"), signatures.load(version)
    assert old.keys() - new.keys() == {"app_sqlang", "geoip"}
    assert OTHERWISE[version] == {
        f"{module}.{name}"
        for module in old.keys() & new.keys()
        for name, signature in old[module].items()
        if new[module][name].parameters != signature.parameters
    }


@pytest.mark.parametrize("version", signatures.VERSIONS)
def test_every_function_used_is_in_the_stubs(version: str) -> None:
    """All versions list what keepalive stands on."""
    modules = signatures.load(version)
    assert modules["tm"]["t_uac_send"].parameters == [str] * 6
    assert modules["htable"]["sht_seti"].parameters == [str, str, int]
    assert modules["mqueue"]["mq_add"].returns == "int"
    assert "err" in modules[""]
