"""Whatever comes from outside is read, or refused with the one error that is declared for it.

Each parser of the rules has a row here: how it is called, what it may raise, and good inputs. Those are cut,
spliced and patched: what is nearly good reaches deeper than what is drawn at random.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepalive_core.rules import (
    checks,
    commands,
    floor_words,
    kinds,
    list_file,
    quoting,
    record,
    replacing,
    reply_codes,
    roster_text,
    rows,
    sockets,
    state_format,
    units,
    uris,
)
from keepalive_core.rules.checks import Refused
from keepalive_core.rules.criteria import Criteria
from keepalive_core.rules.parameters import PARAMETERS, InvalidSetting, check
from keepalive_core.rules.record import Health
from keepalive_core.rules.roster_text import Head
from keepalive_core.rules.state_row import Row, Untrue
from near_misses import anything, near_misses
from outcomes import outcome
from places import ROOT

WALL = 1_700_000_000
KEY = "sip:192.168.10.20:5060"
# As kamailio/tables.py has them: what makes no sense in a row that somebody else wrote.
NONSENSE = (ValueError, LookupError, TypeError, AttributeError, RecursionError)


class Parser(NamedTuple):
    """How something is read."""

    read: Callable[[Any], Any]
    faults: tuple[type[Exception], ...]
    good: tuple[str | bytes, ...]


KEPT = state_format.text_of(
    KEY, Row(Health(0, 1, streak=1, ok=1, checked=5, last_up=5, since=5, reason="200 OK"))
)
STATE_FILES = tuple(file.read_bytes() for file in sorted((ROOT / "tests" / "state_files").iterdir()))
ROSTER = Head(1, 2, 0, 3, "").text()
FLOOR = floor_words.words(["3", "40%", ""])
OWNER = ["module:function", None, {"fall": 3}, "g"]
PARSERS = {
    "a URI": Parser(
        uris.parse,
        (uris.InvalidURI,),
        (
            "sip:192.168.10.20",
            "sips:user:secret@sip.provider.com:5061;transport=tls;maddr=10.0.0.1;lr",
            "[2001:db8::1]:5070",
            "sip:[::ffff:192.168.10.1];transport=tcp?Subject=x",
        ),
    ),
    "a From URI": Parser(uris.parse_sender, (uris.InvalidURI,), ("sip:keepalive@kamailio.org", "tel:+1")),
    "a next hop": Parser(uris.hop, (uris.InvalidURI,), ("sip:192.168.10.20;transport=ws", "sips:[::1]")),
    "a list file": Parser(
        lambda data: list_file.parse(data),
        (),
        (
            b"sip:192.168.10.20 fall=3 group=carriers priority=1 ping_interval=500ms # one\n",
            b"\xef\xbb\xbfgroup.carriers.fall=3 group.'a b'.rise=2\nsip:a group='two words' weight=-1\n",
            b'"sip:a" "group=x y" from_uri="sip:k@host"\r\n\n',
        ),
    ),
    "a state file": Parser(lambda data: state_format.parse(data.split(b"\n"), WALL), (), STATE_FILES),
    "a kept state": Parser(lambda text: state_format.row_of_text(KEY, text, WALL), (Untrue,), (KEPT,)),
    "a list in kamailio.cfg": Parser(
        replacing.listed, (), ("!force sip:192.168.10.20, sip.provider.com\n\tsip:a;transport=tcp",)
    ),
    "reply codes": Parser(reply_codes.parse_codes, (ValueError,), ("2xx,403", "200-299, 4xx;5xx", "class=2")),
    "a number of s": Parser(
        lambda text: units.read(text, units.SECONDS), (ValueError,), ("500ms", "2s", "1h", "1.5", "-3")
    ),
    "a number of %": Parser(
        lambda text: units.read(text, units.PERCENT), (ValueError,), ("20%", "20", "0.5")
    ),
    "a number of C": Parser(
        lambda text: checks.number_of_text("weight", text), (Refused,), ("-2147483647", "007")
    ),
    **{
        f"the text of {name}": Parser(
            lambda text, name=name: commands.parse(name, text, "route"), (Refused, InvalidSetting), good
        )
        for name, good in {
            "set_admin": ("sip:a maint 3600 card swap", "sip:a drain 1h", "sip:a ready"),
            "report_reply": ("sip:a 503",),
            "reload": ("", "force"),
            "add_destination": ("sip:a group='two words' priority=1 weight=-1 fall=3 # one",),
            "configure_group": ("carriers fall=3 ping_interval=500ms",),
        }.items()
    },
    "a part of what is known": Parser(
        lambda text: commands.part({"state": "up", "latency_ms": {"p95": 1.5}}, text),
        (Refused,),
        ("state", "latency_ms", "latency_ms.p95"),
    ),
    "headers": Parser(kinds.split_headers, (), ("X-A: 1 | X-B: 2",)),
    "a quotation": Parser(quoting.quoted, (), ("sip:user:secret@host", "x" * 3000, "\x00\ud800")),
    "the criteria of a ping": Parser(Criteria.from_text, (ValueError, TypeError), (Criteria().text(),)),
    "a record": Parser(Health.from_text, NONSENSE, (Health(7, 1, 12, samples="!!", reason="200 OK").text(),)),
    "a record, quickly": Parser(
        lambda text: record.fast_call(text, 5, 60, WALL),
        (ValueError, IndexError),
        (Health(7, 1, 12, traffic=4, reason="200 OK").text(),),
    ),
    "a registration": Parser(
        lambda text: rows.registration(KEY, text),
        NONSENSE,
        (json.dumps([7, KEY, {"me": [0, *OWNER, 1, 2]}]),),
    ),
    "a roster's head": Parser(Head.of, roster_text.NONSENSE, (roster_text.EMPTY, ROSTER)),
    "words on a group's floor": Parser(
        lambda text: floor_words.least(text, 7, "50%"),
        roster_text.NONSENSE,
        (FLOOR,),
    ),
    "Kamailio's listeners": Parser(
        lambda text: sockets.read_listeners(json.loads(text)),
        (ValueError, RecursionError),  # of json
        (
            json.dumps(
                [{"socket": {"proto": "udp", "address": "192.168.10.1", "port": "5060", "mcast": "no"}}]
            ),
        ),
    ),
    **{
        f"the text of {name}": Parser(
            lambda text, name=name: check(name, text),
            (InvalidSetting,),
            (str(each.default), each.defined, "500ms", "20%", "2xx,403", "sip:a", "X-A: 1|X-B: 2", "on"),
        )
        for name, each in PARAMETERS.items()
    },
}


@pytest.mark.parametrize("name", PARSERS)
def test_good_input_is_read(name: str) -> None:
    """What the near misses begin with has a value, of a parameter one of them at least."""
    parser = PARSERS[name]
    faults = [outcome(lambda text=text: parser.read(text), *parser.faults)[1] for text in parser.good]
    assert "" in faults


@pytest.mark.parametrize("name", PARSERS)
@given(data=st.data())
def test_any_input_has_an_answer(name: str, data: st.DataObject) -> None:
    """Near misses and nonsense: a value, or the declared error, whose text has a bound."""
    parser = PARSERS[name]
    random = st.binary() if isinstance(parser.good[0], bytes) else st.text()
    text = data.draw(st.one_of(near_misses(parser.good), near_misses(parser.good), random))
    outcome(lambda: parser.read(text), *parser.faults)


@pytest.mark.parametrize("name", PARAMETERS)
@given(value=anything)
def test_any_value_of_a_parameter(name: str, value: object) -> None:
    """What a script sets may be any object: it is taken as it means, or refused by the parameter's name."""
    found, fault = outcome(lambda: check(name, value), InvalidSetting)
    assert fault or found is not None
    assert not fault or name in fault
