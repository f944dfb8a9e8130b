"""The resolver's process: DNS says what the targets of a name are, and they are pinged as long as it does."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from conftest import FakeServer
from keepalive_core.rules import uris
from keepalive_core.rules.dns_records import NO_ANSWER, Question, Srv
from keepalive_core.rules.resolution import Resolution
from restarting import stop, write_state_file
from zone import Zone, asked

NAME = "sip:p.com"
KEY = uris.parse(NAME).key
ONE, TWO, THREE = (f"192.168.10.{number}" for number in (11, 12, 13))


class Resolving:
    """A fake server with a resolver, and the DNS server that it asks."""

    def __init__(self, server: FakeServer, keepalive: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
        from keepalive_core.kamailio import dns
        from keepalive_core.services import resolver

        self.server = server
        self.keepalive = keepalive
        self.zone = Zone(addresses={"p.com": [ONE, TWO]})
        self.hosts: set[str] = set()
        """names that stand in the host's file"""
        self.are_dead = False
        """whether all targets reply 503"""
        self.slow: list[str] = []
        """for what the DNS server takes its time"""
        monkeypatch.setattr(dns.HostsFile, "has", lambda _, name: name in self.hosts)
        self._now = 0.0
        monkeypatch.setattr(resolver.time, "monotonic", lambda: self._now)
        monkeypatch.setattr(resolver.time, "time", lambda: 1_700_000_000 + self.server.now // 1_000_000)
        self.process = resolver.Resolver(self._answer)

    def _answer(self, question: Question) -> Any:
        took_ms = 10_000 if any(question.name.endswith(each) for each in self.slow) else 1
        self._now += took_ms / 1000
        self.server.now += took_ms * 1000
        return self.zone.answer(question)

    def add(self, uri: str = NAME, owner: str = "me", **options: Any) -> None:
        assert self.keepalive.add_destination(uri, owner, dns_expand=1, **options) == 0

    def run(self, seconds: float = 1) -> list[str]:
        """Let time pass, with all probers and the resolver at work; return what DNS was asked."""
        self.zone.asked.clear()
        for _ in range(max(1, round(seconds * 2))):
            before = len(self.server.ksr.sent)
            self.server.tick(0.5)
            self.process.tick()
            for ping in self.server.ksr.sent[before:]:
                self.server.ksr.reply(ping, 503 if self.are_dead else 200, "Reason")
        return asked(self.zone)

    def known(self, key: str = KEY) -> Resolution | None:
        """What the name's row says."""
        text = self.server.ksr.tables["keepalive_name"].get(key)
        return Resolution.from_text(text) if text else None

    def targets(self, key: str = KEY) -> list[str]:
        """The addresses that are pinged for a name."""
        return sorted(
            each.rpartition("#")[2]
            for each in self.server.ksr.tables["keepalive_destination"]
            if each.startswith(f"{key}#")
        )

    def lines(self, level: str) -> list[str]:
        """What the log was told of names."""
        return [line.removeprefix("keepalive: ") for line in self.server.ksr.lines(level) if "p.com" in line]


@pytest.fixture
def resolving(server: FakeServer, keepalive: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Resolving:
    server.tick(1)
    return Resolving(server, keepalive, monkeypatch)


@pytest.fixture
def name(resolving: Resolving) -> Resolving:
    """One with a name of two addresses, which was asked for."""
    resolving.add()
    resolving.run()
    return resolving


def ports(*hosts: str) -> list[str]:
    return [f"{host}:5060" for host in hosts]


def test_a_name_is_asked_for_when_it_comes(resolving: Resolving) -> None:
    """Its targets are there, and its row says from where and when."""
    resolving.add()
    assert resolving.run() == [
        *("NAPTR p.com", "SRV _sip._udp.p.com", "SRV _sip._tcp.p.com"),
        "address p.com",
    ]
    assert resolving.targets() == ports(ONE, TWO)
    known = resolving.known()
    assert known is not None
    assert [target.record for target in known.targets] == ["p.com A", "p.com A"]
    assert (known.asked, known.fault, known.kept) == (known.answered, "", ())
    assert resolving.lines("info") == [f"{KEY}: DNS says 2 targets: +{ONE}:5060 +{TWO}:5060"]


def test_another_spelling_during_the_question_loses_no_answer(resolving: Resolving) -> None:
    """The same host is asked for: its targets are there, and are asked as the URI is written now."""
    resolving.slow = ["p.com"]
    resolving.add()
    resolving.server.tick()
    resolving.process.tick()
    assert resolving.known() is None
    resolving.keepalive.del_destination(NAME, "me")
    resolving.add("sip:P.com")
    resolving.server.tick()
    for _ in range(4):
        resolving.process.tick()
    assert resolving.targets() == ports(ONE, TWO)


def test_who_is_a_name_no_more_gets_calls_all_the_while(name: Resolving, mocker) -> None:
    """Its targets go one by one, and calls go to itself before the first has gone."""
    from keepalive_core.services import registrations

    found = []
    mocker.patch.object(
        registrations, "remove_target", side_effect=lambda _: found.append(name.keepalive.targets(NAME))
    )
    assert name.keepalive.add_destination(NAME, "me", dns_expand=0) == 0
    name.run()
    assert found == [[NAME], [NAME]]


def test_it_is_asked_for_each_dns_interval(name: Resolving) -> None:
    """An answer that says the same changes nothing but the time."""
    before, written = name.known(), dict(name.server.ksr.tables["keepalive_destination"])
    assert before is not None
    name.server.ksr.settings["dns_interval"] = "10"
    assert name.run(8) == []
    assert len(name.run(4)) == 4
    after = name.known()
    assert after is not None
    assert after.asked > before.asked
    assert not after.differs_from(before)
    assert name.server.ksr.tables["keepalive_destination"] == written
    assert len(name.lines("info")) == 1


def test_what_is_new_comes_and_what_is_gone_stays_until_that_is_decided(name: Resolving) -> None:
    """An address that is gone is pinged until it is known whether the new one is up."""
    name.zone.addresses["p.com"] = [TWO, THREE]
    while name.targets() == ports(ONE, TWO):
        name.run(0.5)
    assert name.targets() == ports(ONE, TWO, THREE)
    known = name.known()
    assert known is not None
    assert [target.hop for target in known.kept] == [f"sip:{ONE}:5060"]
    name.run(2)
    assert name.targets() == ports(TWO, THREE)
    assert name.known() == known._replace(kept=())
    assert name.lines("info")[1:] == [
        f"{KEY}: DNS says 2 targets: +{THREE}:5060 -{ONE}:5060",
        f"{KEY}: pinged no more: {ONE}:5060",
    ]


def test_a_name_that_goes_takes_its_targets_along(name: Resolving) -> None:
    """None of its rows is left, and nothing is asked any more."""
    name.keepalive.del_destination(NAME, "me")
    name.run()
    assert (name.targets(), name.known(), name.run(200)) == ([], None, [])


@pytest.mark.parametrize("wanted", [{"dns_expand": 0}, {"outbound_proxy": f"sip:{ONE}"}])
def test_what_is_no_name_any_more_has_no_targets(name: Resolving, wanted: dict[str, Any]) -> None:
    """One that is to be pinged as a whole, or through an address."""
    assert name.keepalive.add_destination(NAME, "me", **{"dns_expand": 1, **wanted}) == 0
    name.run()
    assert (name.targets(), name.known()) == ([], None)


def test_a_name_that_means_another_host_is_asked_for_at_once(name: Resolving) -> None:
    """As with another outbound_proxy; an address may be behind a name then."""
    name.zone.addresses["q.com"] = [THREE]
    name.add(outbound_proxy="sip:q.com:5070")
    assert name.run() == ["address q.com"]
    assert f"{THREE}:5070" in name.targets()
    name.add("sip:10.9.9.9", outbound_proxy="sip:q.com:5070")
    assert name.run() == ["address q.com"]
    assert name.targets("sip:10.9.9.9:5060") == [f"{THREE}:5070"]


def test_the_targets_of_another_host_do_not_stand_in(name: Resolving) -> None:
    """What a name had is pinged no more, and it is not down for a proxy that DNS does not know."""
    name.run(2)
    assert name.keepalive.is_alive(NAME) == 1
    name.add(outbound_proxy="sip:none.com")
    name.run(65)  # two turns of the name, of which the first may come at any time
    assert name.keepalive.is_alive(NAME) == 1
    assert name.targets() == []
    name.add()
    name.run(2)
    assert name.targets() == ports(ONE, TWO)
    assert name.keepalive.is_alive(NAME) == 1


def test_a_change_of_which_nobody_told_is_found(name: Resolving) -> None:
    """Within a minute, as of a name that nobody told of."""
    name.zone.addresses["q.com"] = [THREE]
    name.add(outbound_proxy="sip:q.com:5070")
    name.server.tick()
    name.server.ksr.queues["keepalive_names"].clear()
    name.run(62)
    assert f"{THREE}:5070" in name.targets()


def test_a_look_that_failed_is_done_again(name: Resolving, monkeypatch: pytest.MonkeyPatch) -> None:
    """A minute later, though nothing has changed since."""
    from keepalive_core.services import resolver

    name.server.ksr.tables["keepalive_name"]["sip:r.com"] = Resolution(1, 1).text()
    forget = resolver.name_rows.drop_resolution
    monkeypatch.setattr(resolver.name_rows, "drop_resolution", lambda key: 1 / 0)
    name.add("sip:10.1.1.1")
    with pytest.raises(ZeroDivisionError):
        name.run(70)
    monkeypatch.setattr(resolver.name_rows, "drop_resolution", forget)
    name.run(70)
    assert list(name.server.ksr.tables["keepalive_name"]) == [KEY]


def test_another_spelling_is_that_of_the_targets_too(name: Resolving) -> None:
    """The request URI of their pings is the name's; DNS need not be asked for that."""
    name.add("sip:P.com;x=y")
    assert name.run() == []
    rows = name.server.ksr.tables["keepalive_destination"]
    assert [json.loads(rows[f"{KEY}#{host}:5060"])[1] for host in (ONE, TWO)] == ["sip:P.com;x=y"] * 2


def test_another_spelling_behind_another_proxy_is_that_of_the_targets_too(name: Resolving) -> None:
    """Although the other proxy has the same addresses."""
    name.zone.addresses["q.com"] = [ONE, TWO]
    name.add("sip:P.com;x=y", outbound_proxy="sip:q.com")
    name.run(5)
    rows = name.server.ksr.tables["keepalive_destination"]
    assert [json.loads(rows[f"{KEY}#{host}:5060"])[1] for host in (ONE, TWO)] == ["sip:P.com;x=y"] * 2


def test_another_spelling_that_found_no_memory_comes_later(
    name: Resolving, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Within a minute the targets are pinged with it."""
    from keepalive_core.services import resolver

    register = resolver.registrations.register_target
    monkeypatch.setattr(resolver.registrations, "register_target", lambda key, hop: 1 / 0)
    name.add("sip:P.com;x=y")
    with pytest.raises(ZeroDivisionError):
        name.run()
    monkeypatch.setattr(resolver.registrations, "register_target", register)
    name.run(62)
    rows = name.server.ksr.tables["keepalive_destination"]
    assert [json.loads(rows[f"{KEY}#{host}:5060"])[1] for host in (ONE, TWO)] == ["sip:P.com;x=y"] * 2


def test_an_answer_that_fails_takes_nothing_away(name: Resolving) -> None:
    """The targets stay, and the log says so, once for each change of the fault."""
    name.zone.mute = ["p.com"]
    for _ in range(3):
        name.run(61)
    assert name.targets() == ports(ONE, TWO)
    name.zone.mute, name.zone.addresses = [], {}
    name.run(61)
    name.zone.addresses = {"p.com": [ONE, TWO]}
    name.run(61)
    assert name.lines("warn") == [
        f"{KEY}: no answer from DNS; 2 targets of before stay",
        f"{KEY}: no such name; 2 targets of before stay",
    ]
    assert name.lines("info")[1:] == [f"{KEY}: DNS says 2 targets"]
    known = name.known()
    assert known is not None
    assert known.fault == ""


def test_a_name_that_never_resolved_is_down_and_says_why(resolving: Resolving) -> None:
    """Until it does."""
    resolving.zone.addresses.clear()
    resolving.add()
    resolving.run()
    assert resolving.keepalive.is_alive(NAME) == 2
    assert resolving.lines("warn") == [f"{KEY}: no such name; there are no targets"]
    assert "down: no such name" in resolving.lines("notice")[0]
    resolving.zone.addresses["p.com"] = [ONE]
    resolving.run(60)
    assert resolving.targets() == ports(ONE)


def test_what_is_left_out_is_told_once(resolving: Resolving) -> None:
    """As long as it is the same."""
    resolving.zone.srv["_sip._udp.p.com"] = [Srv(0, 0, 0, "a.com"), Srv(0, 0, 5070, "p.com")]
    resolving.add()
    resolving.run(200)
    assert resolving.lines("info") == [
        f"{KEY}: DNS says 2 targets: +{ONE}:5070 +{TWO}:5070; "
        "not all that DNS says is used: SRV with port 0 (a.com)"
    ]
    known = resolving.known()
    assert known is not None
    assert known.left_out == "SRV with port 0 (a.com)"


def test_when_all_targets_fail_dns_is_asked_at_once(name: Resolving) -> None:
    """Each 5 s at the most."""
    name.server.ksr.settings["dns_interval"] = "3600"
    name.server.ksr.settings["ping_interval"] = "1"
    assert name.run(30) == []
    name.are_dead = True
    rounds = [len(name.run(1)) // 4 for _ in range(31)]
    assert sum(rounds[:3]) == 1
    assert 6 <= sum(rounds) <= 7
    name.are_dead = False
    name.run(6)
    assert name.run(30) == []


def test_thousand_names_are_asked_for_in_turns(resolving: Resolving) -> None:
    """A tick asks for 50 ms, and goes on at the next one; all have their targets within some ticks."""
    for number in range(1000):
        resolving.zone.addresses[f"n{number}.p.com"] = [ONE]
        resolving.add(f"sip:n{number}.p.com:5060")
    resolving.server.tick()
    resolving.process.tick()
    assert 40 <= len(resolving.zone.asked) <= 60
    resolving.run(12)
    assert all(resolving.targets(f"sip:n{number}.p.com:5060") for number in range(1000))


def test_a_round_that_takes_too_long_is_told(resolving: Resolving) -> None:
    """Once a minute, with the number of names."""
    for number in range(40):
        resolving.add(f"sip:n{number}.p.com:5060")
    resolving.slow = ["p.com"]
    resolving.zone.mute = ["p.com"]
    began = resolving.server.now
    resolving.run(40)
    [first, *_] = [line for line in resolving.server.ksr.lines("warn") if "DNS is slow" in line]
    assert "to ask for 40 names takes longer than dns_interval, 60 s; sip:n" in first
    told = len([line for line in resolving.server.ksr.lines("warn") if "DNS is slow" in line])
    assert 2 <= told <= (resolving.server.now - began) // 60_000_000


def test_a_mute_server_keeps_no_name_of_the_host_s_file_waiting(resolving: Resolving) -> None:
    """It is found before all that has to wait for DNS, and without a question that nobody answers."""
    resolving.zone.mute = [f"n{number}.p.com" for number in range(20)] + ["local"]
    resolving.slow = ["p.com", "local"]
    resolving.zone.fault = NO_ANSWER
    for number in range(20):
        resolving.add(f"sip:n{number}.p.com")
    resolving.run(1)
    resolving.zone.mute, resolving.hosts = ["p.com", "_udp.local", "_tcp.local"], {"local"}
    resolving.zone.addresses["local"] = [ONE]
    resolving.slow = ["p.com", "_udp.local"]
    resolving.add("sip:local")
    assert "address local" in resolving.run(1)[:2]
    assert resolving.targets("sip:local") == ports(ONE)
    assert not [
        question for question in asked(resolving.zone) if "local" in question and "address" not in question
    ]


def test_dead_names_keep_no_good_one_waiting(resolving: Resolving) -> None:
    """A good one waits for one dead one at the most, of which one question is asked in its turn."""
    resolving.zone.mute, resolving.slow, resolving.zone.fault = ["dead.com"], ["dead.com"], NO_ANSWER
    for number in range(30):
        resolving.add(f"sip:d{number}.dead.com")
        resolving.zone.addresses[f"n{number}.p.com"] = [ONE]
        resolving.add(f"sip:n{number}.p.com")
    began = resolving.server.now
    while not all(resolving.targets(f"sip:n{number}.p.com") for number in range(30)):
        resolving.run(0.5)
    assert resolving.server.now - began < 40_000_000
    resolving.run(120)
    asked_at = [resolving.known(f"sip:n{number}.p.com") for number in range(30)]
    now = 1_700_000_000 + resolving.server.now // 1_000_000
    assert all(known is not None and now - known.asked <= 60 + 25 for known in asked_at)
    dead = [question for question in resolving.run(20) if "dead" in question]
    assert dead
    assert {question.partition(" ")[0] for question in dead} == {"address"}


def test_names_with_records_are_asked_for_when_dns_answers_again(resolving: Resolving) -> None:
    """None is said to be without an answer for which nothing was asked."""
    resolving.zone.srv["_sip._udp.p.com"] = [Srv(0, 0, 5070, "p.com")]
    resolving.add()
    resolving.run(1)
    resolving.zone.mute, resolving.slow, resolving.zone.fault = ["com"], ["com"], NO_ANSWER
    resolving.run(100)
    known = resolving.known()
    assert known is not None
    assert (known.fault, len(known.targets)) == (NO_ANSWER, 2)
    resolving.zone.mute, resolving.slow = [], []
    resolving.zone.srv["_sip._udp.p.com"] = [Srv(0, 0, 5080, "p.com")]
    resolving.run(70)
    assert resolving.targets() == [f"{ONE}:5080", f"{TWO}:5080"]


def test_when_dns_answers_again_all_is_asked_again(resolving: Resolving) -> None:
    """What was asked of a mute server was not all of it."""
    resolving.zone.mute, resolving.slow = ["com"], ["com"]
    resolving.add("sip:x.com")
    resolving.run(1)
    resolving.zone.mute, resolving.slow = [], []
    resolving.zone.srv["_sip._udp.p.com"] = [Srv(0, 0, 5070, "p.com")]
    resolving.add()
    resolving.run(1)
    assert resolving.targets() == [f"{ONE}:5070", f"{TWO}:5070"]


def test_targets_of_nobody_are_removed(name: Resolving) -> None:
    """As of a name that went while nothing could be told to anybody."""
    name.server.ksr.queues["keepalive_names"].clear()
    orphan = f"sip:q.com#{ONE}:5060"
    row = name.server.ksr.tables["keepalive_destination"]
    row[orphan] = row[f"{KEY}#{ONE}:5060"].replace("p.com", "q.com")
    name.server.ksr.tables["keepalive_name"]["sip:r.com"] = Resolution(1, 1).text()
    name.add("sip:10.1.1.1")
    name.run(61)
    assert orphan not in row
    assert list(name.server.ksr.tables["keepalive_name"]) == [KEY]
    assert name.targets() == ports(ONE, TWO)


def test_names_of_which_nobody_told_are_found(resolving: Resolving) -> None:
    """Within a minute."""
    resolving.add()
    resolving.server.tick()
    resolving.server.ksr.queues["keepalive_names"].clear()
    for _ in range(61):
        resolving.process.tick()
        resolving.server.now += 1_000_000
    assert resolving.targets() == ports(ONE, TWO)


def test_a_row_that_was_lost_is_asked_for_again(name: Resolving) -> None:
    """Its targets stay meanwhile."""
    name.server.ksr.tables["keepalive_name"].clear()
    name.add("sip:10.1.1.1")
    name.run(100)
    assert name.targets() == ports(ONE, TWO)
    assert name.known() is not None


def test_full_memory_is_told_and_tried_again(resolving: Resolving) -> None:
    """What could not be written now is written in the next turn."""
    from keepalive_core.kamailio.tables import SharedMemoryFull

    resolving.add()
    resolving.server.tick()
    resolving.server.ksr.room_left = 0
    with pytest.raises(SharedMemoryFull):
        resolving.process.tick()
    resolving.server.ksr.room_left = None
    resolving.run(61)
    assert resolving.targets() == ports(ONE, TWO)


def restarted(
    server: FakeServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    mute: list[str],
    known: bool = True,
    addresses: dict[str, list[str]] | None = None,
    later: str = NAME,
) -> Resolving:
    """A server that was restarted with a name that was up; DNS is mute for some since then.

    Arguments: mute, for which names; known, whether the name is still there; addresses, of other names;
    later, the destinations of the new one's configuration.
    """
    server.define("state_file", str(tmp_path / "state"))
    server.define("destinations", NAME)
    server.define("dns_expand", "1")
    before = Resolving(server, server.process(), monkeypatch)
    before.zone.addresses |= addresses or {}
    server.tick(1)
    before.run(3)
    write_state_file(server)
    stop(server)
    server.define("destinations", later)
    found = Resolving(server, server.process(), monkeypatch)
    found.zone.mute = mute
    if not known:
        found.zone.addresses.clear()
    server.tick(1)
    return found


def test_a_restart_while_dns_is_mute_takes_no_name_down(
    server: FakeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The targets of before are pinged until DNS answers."""
    resolving = restarted(server, tmp_path, monkeypatch, ["com"])
    resolving.run(70)
    assert resolving.targets() == ports(ONE, TWO)
    assert resolving.keepalive.is_alive(NAME) == 1
    known = resolving.known()
    assert known is not None
    assert (known.answered, known.fault) == (0, "no answer from DNS")
    assert {target.record for target in known.targets} == {"state file"}
    resolving.zone.mute, resolving.zone.addresses = [], {"p.com": [TWO]}
    resolving.run(61)
    assert resolving.targets() == ports(TWO)
    assert resolving.keepalive.is_alive(NAME) == 1


def test_all_names_have_the_targets_of_before_as_soon_as_dns_is_found_mute(
    server: FakeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """None of them waits until it was asked for in vain: of hundreds that would take an hour."""
    names = [f"sip:n{number}.p.com" for number in range(10)]
    addresses = {name.removeprefix("sip:"): [ONE] for name in names}
    server.define("list_file", str(tmp_path / "list"))
    (tmp_path / "list").write_text("\n".join(names))
    resolving = restarted(server, tmp_path, monkeypatch, ["com"], addresses=addresses)
    resolving.slow, resolving.zone.fault = ["com"], NO_ANSWER
    resolving.run(3)
    assert resolving.targets() == ports(ONE, TWO)
    assert [resolving.targets(name) for name in names] == [ports(ONE)] * 10
    assert len(resolving.lines("warn")) == 11
    known = resolving.known(names[-1])
    assert known is not None
    assert (known.answered, known.fault, known.targets[0].record) == (0, NO_ANSWER, "state file")
    resolving.are_dead = True
    resolving.run(31)
    assert {resolving.keepalive.is_alive(name) for name in names} == {2}


def test_a_name_is_looked_at_once_while_dns_fails(
    resolving: Resolving, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that fails at once, as while it starts, costs each name a question, and no look at all others."""
    from keepalive_core.services import resolver

    names = [f"n{number}.p.com" for number in range(40)]
    resolving.zone.addresses |= {each: [ONE] for each in names}
    for each in names:
        resolving.add(f"sip:{each}")
    resolving.run(5)
    resolving.zone.mute, resolving.slow, resolving.zone.fault = ["com"], ["com"], NO_ANSWER
    resolving.run(60)
    resolving.slow = []
    looked_at: list[str] = []
    read = resolver.name_rows.resolution

    def resolution(key: str) -> Resolution | None:
        looked_at.append(key)
        return read(key)

    monkeypatch.setattr(resolver, "name_rows", SimpleNamespace(**vars(resolver.name_rows)))
    monkeypatch.setattr(resolver.name_rows, "resolution", resolution)
    resolving.run(60)
    assert 40 <= len(looked_at) <= 40 * 4


def test_one_dead_name_behind_a_restart_is_no_mute_server(
    server: FakeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others are asked for, and nothing is told of them."""
    names = [f"n{number}.p.com" for number in range(10)]
    server.define("list_file", str(tmp_path / "list"))
    (tmp_path / "list").write_text("\n".join(f"sip:{name}" for name in names))
    addresses = {name: [ONE] for name in names}
    resolving = restarted(server, tmp_path, monkeypatch, names[:1], addresses=addresses)
    resolving.zone.addresses |= addresses
    resolving.slow, resolving.zone.fault = names[:1], NO_ANSWER
    resolving.run(10)
    assert [resolving.targets(f"sip:{name}") for name in names] == [ports(ONE)] * 10
    assert resolving.lines("warn") == [f"sip:{names[0]}: no answer from DNS; 1 target of before stays"]


def test_a_name_that_comes_late_behind_a_restart_has_the_targets_of_before(
    server: FakeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one that a script, or another node of the cluster, adds; the state file was written meanwhile."""
    resolving = restarted(server, tmp_path, monkeypatch, ["com"], later="")
    write_state_file(server)
    resolving.run(5)
    resolving.add()
    resolving.run(3)
    assert resolving.targets() == ports(ONE, TWO)
    assert resolving.keepalive.is_alive(NAME) == 1


def test_a_name_that_is_no_more_has_no_targets_of_before(
    server: FakeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DNS has answered: there is none."""
    resolving = restarted(server, tmp_path, monkeypatch, [], known=False)
    resolving.run()
    assert resolving.targets() == []


def test_a_name_that_was_no_more_does_not_return_when_dns_falls_silent(
    server: FakeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What DNS said since the start is newer than the state file, also behind another restart."""
    resolving = restarted(server, tmp_path, monkeypatch, [], known=False)
    resolving.run(3)
    write_state_file(server)
    resolving.zone.mute = ["com"]
    resolving.run(130)
    assert resolving.targets() == []
    assert resolving.keepalive.is_alive(NAME) == 2
    write_state_file(server)
    stop(server)
    again = Resolving(server, server.process(), monkeypatch)
    again.zone.mute = ["com"]
    server.tick(1)
    again.run(130)
    assert again.targets() == []
