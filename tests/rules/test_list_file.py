"""The list file's text: what a line says, and what no line says."""

from __future__ import annotations

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from keepalive_core.rules import list_file, uris, words
from keepalive_core.rules.checks import Refused


def only(line: bytes | str) -> list_file.Entry:
    """The entry of a file with one good line."""
    parsed = list_file.parse(line.encode() if isinstance(line, str) else line)
    assert parsed.faults == []
    [entry] = parsed.entries
    return entry


@pytest.mark.parametrize(
    ("line", "uri", "options", "group"),
    [
        ("sip:192.168.10.20", "sip:192.168.10.20", {}, ""),
        ("sip:o'neil@host", "sip:o'neil@host", {}, ""),
        ("sip:o'neil@host fall=3 # it's mine", "sip:o'neil@host", {"fall": 3}, ""),
        ("o'neil'@host group=o'neil", "sip:o'neil'@host", {}, "o'neil"),
        ('sip:a group="two words" fall=3', "sip:a", {"fall": 3}, "two words"),
        ("sip:a group='two words'", "sip:a", {}, "two words"),
        ('sip:a "group=two words"', "sip:a", {}, "two words"),
        ("\"sip:a\" 'fall=3'", "sip:a", {"fall": 3}, ""),
        ('sip:a group="it\'s # no comment"  # but this', "sip:a", {}, "it's # no comment"),
        ("sip:a group='he said \"no\"'", "sip:a", {}, 'he said "no"'),
        ('sip:a group="she said \\"no\\" \\\\ \\n"', "sip:a", {}, 'she said "no" \\ \\n'),
        ("sip:a group=", "sip:a", {}, ""),
        ('sip:a group=""', "sip:a", {}, ""),
        ("\tsip:a\t fall=3\t", "sip:a", {"fall": 3}, ""),
        # White space that the eye takes for a space: no-break, ideographic, thin.
        ("sip:a\u00a0fall=3\u3000rise=2\u2009group=x", "sip:a", {"fall": 3, "rise": 2}, "x"),
        ("\ufeffsip:a fall=3", "sip:a", {"fall": 3}, ""),
        (b"sip:a # K\xf6ln", "sip:a", {}, ""),
        ("sip:a group=Köln", "sip:a", {}, "Köln"),
    ],
)
def test_what_a_line_says(line: bytes | str, uri: str, options: dict[str, object], group: str) -> None:
    """A URI as it is, with whatever RFC 3261 allows in it; values with or without quotation marks."""
    entry = only(line)
    assert (entry.destination.uri, entry.options, entry.group) == (uri, options, group)


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("sip:10.0.0.256", "bad IPv4 address"),
        ("sip:a#comment", "a comment begins behind white space"),
        ("sip:u#1@host", "a comment begins behind white space"),
        ("sip:a group=x#1", "a value with # has quotation marks"),
        ('sip:a group="x', "quotation marks stand around a whole value"),
        ("sip:a group='x", "quotation marks stand around a whole value"),
        ("sip:a group='it's'", "quotation marks stand around a whole value"),
        ('sip:a group="x"y', "quotation marks stand around a whole value"),
        ('sip:a group=x"y"', "quotation marks stand around a whole value"),
        ('"', "quotation marks stand around a whole value"),
        ("sip:a group=x\\ y", "quotation marks stand around a whole value"),
        ("sip:a fall", "'fall' is no name=value"),
        ("sip:a fall=3 fall=3", "or given twice"),
        ("sip:a =3", "unknown parameter ''"),
        ("sip:a fall=0", "bad fall 0"),
        ("sip:a fall=" + "9" * 5000, "bad fall '999"),
        ("sip:a priority=" + "9" * 18, "priority 999999999999999999: -2147483647 to 2147483647 is allowed"),
        ("sip:a weight=1.5", "weight: a number is needed, not '1.5'"),
        ("sip:a group=x\x00", "a name is needed, not 'x\\x00'"),
        ("sip:a\x00", "control or non-ASCII character"),
        ("\x00" * 100, "control or non-ASCII character"),
        ("sip:a\ufeff", "control or non-ASCII character"),
        ("sip:\u200ba", "control or non-ASCII character"),
        (b"sip:k\xf6ln.example.com", "control or non-ASCII character"),
        (b"sip:a group=K\xf6ln", "a name is needed"),
        ("sip:a ping_from=sip:" + "x" * 10_000, "it is longer than 8192 bytes"),
        ("x" * 10**6, "it is longer than 8192 bytes"),
        (b"\xff\xfes\x00i\x00p\x00", "the file is UTF-16"),
        (b"\xfe\xff\x00s\x00i\x00p", "the file is UTF-16"),
        ("sip:a list_file=/etc/passwd", "list_file is no parameter of one destination"),
    ],
)
def test_what_no_line_says(line: bytes | str, fault: str) -> None:
    """A line that is not understood to its end is refused, with what it is and why, in a few words."""
    parsed = list_file.parse(line.encode() if isinstance(line, str) else line)
    assert parsed.entries == []
    assert parsed.bad == 1
    [told] = parsed.faults
    assert fault in told
    assert told.startswith("line 1: ")
    assert len(told) < 800, "the longest one has all parameters by their names"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("last", ["", "end"])
def test_lines_end_as_editors_end_them(end: str, last: str) -> None:
    """Whatever a line ends with, and whether the last one does, its number is that of an editor."""
    text = end.join(
        ["\ufeff# carriers", "", "sip:a", "sip:bad:port", "\u2028", "\ufeffsip:b group='x\u2028y'", "???"]
    )
    parsed = list_file.parse((text + (end if last else "")).encode())
    assert [entry.destination.uri for entry in parsed.entries] == ["sip:a"]
    assert [fault.split(":")[0] for fault in parsed.faults] == ["line 4", "line 6", "line 7"]


def test_a_destination_stands_there_once() -> None:
    """The second line of a destination is refused, in any spelling, and names the first."""
    parsed = list_file.parse(b"sip:A:5060\n\nsip:a:5060;lr fall=3\n")
    assert len(parsed.entries) == 1
    assert parsed.faults == ["line 3: 'sip:a:5060;lr' stands in line 1 already"]


def test_a_name_may_stand_there_with_its_port_and_without() -> None:
    """They are two things to DNS, and so are its transports."""
    tails = ("", ":5060", ";transport=udp", ";transport=tcp")
    lines = [f"sip:p.example{tail}" for tail in tails]
    parsed = list_file.parse("\n".join(lines).encode())
    assert [entry.destination.key for entry in parsed.entries] == lines
    assert parsed.faults == []


def test_of_many_faults_the_first_ones_are_told() -> None:
    """Of a file that is none, five lines are told, and how many there are."""
    parsed = list_file.parse(b"root:x:0:0:root:/root:/bin/bash\n" * 10_000)
    assert len(parsed.faults) == 5
    assert parsed.bad == 10_000
    assert sum(map(len, parsed.faults)) < 1000


@given(st.binary(max_size=2000))
@example(b"\n" * 10**6)
@example(b'"' * 8000)
@example(b'sip:a group="' + b"\\" * 8000)
@example(b"sip:a " + b"'" * 8000)
@example(b"\x00\n" * 1000)
def test_any_bytes_have_an_answer(data: bytes) -> None:
    """Whatever a file's bytes are, each line is an entry that means itself, a fault, or nothing."""
    parsed = list_file.parse(data)
    assert parsed.bad >= len(parsed.faults)
    for entry in parsed.entries:
        assert uris.parse(entry.destination.uri) == entry.destination
        assert entry.group.isprintable()
    assert all(fault.isprintable() and len(fault) < 1000 for fault in parsed.faults)


GOOD = (
    b"# carriers\nsip:192.168.10.20  group=carriers priority=10 fall=3\nsip:o'neil@h group='a b'   # backup\n"
)


@given(st.data())
def test_a_damaged_file_has_no_other_meaning_than_its_lines(data: st.DataObject) -> None:
    """If bytes are changed, lost or doubled, lines that are whole still mean what they meant."""
    at = data.draw(st.integers(0, len(GOOD)))
    gone = data.draw(st.integers(0, 3))
    damaged = GOOD[:at] + data.draw(st.binary(max_size=3)) + GOOD[at + gone :]
    # These two bytes make another file of it, which is refused as a whole.
    assume(not damaged.startswith((b"\xff\xfe", b"\xfe\xff")))
    found = {entry.destination.key: entry for entry in list_file.parse(damaged).entries}
    for line in GOOD.splitlines():
        lines = damaged.replace(b"\r", b"\n").split(b"\n")
        if line in lines and not line.startswith(b"#"):
            entry = only(line)
            # The first of two lines with one destination holds.
            if sum(entry.destination.uri.encode() in each for each in lines) == 1:
                assert found[entry.destination.key] == entry


@pytest.mark.parametrize(
    ("line", "groups"),
    [
        ("group.g.fall=3", {"g": {"fall": 3}}),
        ("group.g.ping_timeout=1s  # a second", {"g": {"ping_timeout": 1000}}),
        ("group.g.fall=3 group.h.rise=2 group.g.rise=4", {"g": {"fall": 3, "rise": 4}, "h": {"rise": 2}}),
        ('group.g.ping_headers="X-A: 1 | X-B: #2"', {"g": {"ping_headers": "X-A: 1 | X-B: #2"}}),
        ("group.g.ping_headers='X-A: 1'", {"g": {"ping_headers": "X-A: 1"}}),
        ('"group.my carriers.fall=3"', {"my carriers": {"fall": 3}}),
        ("group.a.b.fall=3", {"a.b": {"fall": 3}}),
        ("group.g.group_min_alive=50%", {"g": {"group_min_alive": "50%"}}),
    ],
)
def test_options_of_groups(line: str, groups: dict[str, dict[str, object]]) -> None:
    """A line of group.NAME.PARAMETER=VALUE says an option of a group."""
    parsed = list_file.parse(line.encode())
    assert (parsed.entries, parsed.faults) == ([], [])
    assert parsed.groups == groups


@pytest.mark.parametrize(
    "uri",
    [
        *(
            "group.example.com",
            "group.g.fall.example.com",
            "group.example.com;transport=tcp",
            "group.g.fall-2",
        ),
        *("sip:group.g.fall", "sip:group.g.fall:3", "a@group.g.fall", "group.fall@h"),
    ],
)
def test_a_host_may_be_called_group(uri: str) -> None:
    """What is a URI stays one, but for what is an option of a group but for its value."""
    parsed = list_file.parse(f"{uri} fall=3\n".encode())
    assert [entry.destination.uri.removeprefix("sip:") for entry in parsed.entries] == [
        uri.removeprefix("sip:")
    ]
    assert parsed.groups == {}


@pytest.mark.parametrize(
    "line",
    [
        *("group.g.fall:3", "group.g.fall", "group.g.fall 3", "group.g.fall = 3", "Group.g.fall:3"),
        *("group.g.FALL", "group.fall:3", "group.a.b.rise:2", "group.g.delete_counter", "group.g.fall;3"),
        *(
            "group.g.fall: 3",
            "group.g.Fall=3",
            "GROUP.g.fall=3",
            '"group.my carriers.fall:3"',
            "group.fall=3",
        ),
    ],
)
def test_a_slip_in_an_option_of_a_group_is_no_destination(line: str) -> None:
    """What has the shape of a group's option but for the value is refused with its line and what to write."""
    parsed = list_file.parse(f"sip:a\n{line}\n".encode())
    assert [entry.destination.uri for entry in parsed.entries] == ["sip:a"]
    [fault] = parsed.faults
    assert fault.startswith("line 2: '")
    assert fault.endswith("is no group.NAME.PARAMETER=VALUE; a host of that name has sip: in front")


def test_a_groups_option_is_said_once() -> None:
    """Under either of its names; the name of the C module is noted, so that somebody can warn of it."""
    parsed = list_file.parse(b"group.g.delete_counter=3\ngroup.g.remove_after=4\nsip:a delete_counter=2\n")
    assert parsed.groups == {"g": {"remove_after": 3}}
    assert parsed.faults == ["line 2: remove_after of group 'g' stands in line 1 already"]
    assert parsed.aliases == {"delete_counter"}
    parsed = list_file.parse(b"group.g.fall=3 group.g.fall=4\n")
    assert (parsed.groups, parsed.faults) == ({}, ["line 1: fall of group 'g' stands in line 1 already"])


def test_a_check_sees_what_the_file_says_of_the_group() -> None:
    """Wherever it says it; what is refused so is told in the order of the lines."""
    text = "sip:a group=g\nsip:b\ngroup.g.fall=3\nsip:a:x\n"

    def check(entry: list_file.Entry, options: list_file.Options) -> None:
        raise Refused(f"{entry.destination.uri} with {options}")

    parsed = list_file.parse(text.encode(), check)
    assert [fault.split(":")[0] for fault in parsed.faults] == ["line 1", "line 2", "line 4"]
    assert "sip:a with {'fall': 3}" in parsed.faults[0]
    assert parsed.bad == 3
    assert parsed.entries == []


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("group.g.fall=3 sip:a", "line 1: 'sip:a' is no group.NAME.PARAMETER=VALUE"),
        ("group.g.fall=3\ngroup.g.fall=4", "line 2: fall of group 'g' stands in line 1 already"),
        ("group.g.fall=3 group.g.fall=4", "line 1: fall of group 'g' stands in line 1 already"),
        ("group.g.fall=x", "line 1: group 'g': "),
    ],
)
def test_what_no_line_of_a_group_says(text: str, fault: str) -> None:
    """An option stands once, and nothing but options in that line; the first word counts."""
    parsed = list_file.parse(text.encode())
    assert [each[: len(fault)] for each in parsed.faults] == [fault]
    assert parsed.bad == 1


def test_all_that_an_entry_has() -> None:
    """Group, priority and weight beside the options; a value may have a = in it."""
    entry = only("sip:a group=g priority=3 weight=-7 ping_from=sip:me@host;x=y fall=2")
    assert (entry.group, entry.priority, entry.weight) == ("g", 3, -7)
    assert entry.options == {"ping_from": "sip:me@host;x=y", "fall": 2}
    entry = only("sip:a")
    assert (entry.group, entry.priority, entry.weight, entry.options) == ("", 0, 0, {})


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("sip:a group=\x07", "line 1: group of 'sip:a': a name is needed"),
        ("sip:a  x#1 #2", "line 1: 'x#1': a comment begins behind white space"),
        ("sip:a x'y z", 'line 1: "x\'y"'),
        ("sip:a 'x#1", 'line 1: "\'x#1": '),
        ('sip:a "x#1 more', "line 1: '\"x#1': quotation marks stand around a whole value"),
        ('sip:a x\\y#"1', "line 1: 'x\\\\y#\"1': quotation marks stand around a whole value"),
        ("\n\n\nsip:a fall=0", "line 4: "),
        ("group.g.mass_failure=5", "line 1: group 'g': "),
        ("sip:a x#1 y z", "line 1: 'x#1': a comment begins behind white space"),
        ('sip:a x#"1', "line 1: 'x#\"1': a comment begins behind white space"),
        ('sip:a x#y"#z', "line 1: 'x#y\"#z': a comment begins behind white space"),
        ("# comment\n\n\ufeff sip:a fall=0", "line 3: "),
    ],
)
def test_a_fault_names_line_and_word(line: str, fault: str) -> None:
    """The first word that is wrong, and the line by its number in the file, empty ones among them."""
    parsed = list_file.parse(line.encode())
    [found] = parsed.faults
    assert found.startswith(fault)
    assert (parsed.bad, parsed.entries) == (1, [])


def test_a_file_of_utf_16_is_told() -> None:
    """It has nothing, and one fault."""
    parsed = list_file.parse("sip:a".encode("utf-16"))
    assert parsed == ([], {}, ["line 1: the file is UTF-16, UTF-8 is needed"], 1, frozenset())


@pytest.mark.parametrize(("more", "bad"), [(0, 0), (1, 1)])
def test_how_long_a_line_may_be(more: int, bad: int) -> None:
    """To the byte, a comment counted."""
    line = b"sip:a #".ljust(words.MOST_BYTES_OF_A_LINE + more, b"x")
    assert list_file.parse(line).bad == bad


def test_lines_of_comment_cost_nothing_but_their_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A million of them held up the worker that was asked to reload for seconds."""
    looked_at: list[str] = []

    def words_of(line: str) -> list[str]:
        looked_at.append(line)
        return words.words_of(line)

    monkeypatch.setattr(list_file, "words_of", words_of)
    parsed = list_file.parse(b"#\n# sip:b\r\n \t#c\rsip:a # d\n#" + b"\n# \xe9" * 1000 + b"\n#e")
    assert looked_at == ["sip:a # d"]
    assert [entry.destination.uri for entry in parsed.entries] == ["sip:a"]
    assert list_file.parse(b"#\n#\n\n#\nsip:a fall=0").faults[0].startswith("line 5: ")


def test_names_of_the_c_module_are_noted() -> None:
    """Of destinations and of groups; no other name is."""
    parsed = list_file.parse(b"sip:a delete_counter=5 fall=2\nsip:b rise=2\ngroup.g.delete_counter=3\n")
    assert (parsed.faults, parsed.aliases) == ([], {"delete_counter"})
    assert list_file.parse(b"group.g.delete_counter=3\ngroup.g.fall=3").aliases == {"delete_counter"}
    assert list_file.parse(b"sip:b rise=2\ngroup.g.fall=2").aliases == frozenset()
    assert parsed.groups == {"g": {"remove_after": 3}}


def test_an_entry_is_checked_with_the_options_of_its_group() -> None:
    """Wherever in the file they stand, with nothing if there are none; who is refused is a fault."""
    seen = {}

    def check(entry: list_file.Entry, options: dict[str, object]) -> None:
        seen[entry.destination.uri] = options
        if entry.destination.uri == "sip:b":
            raise Refused("not b")

    data = b"sip:a group=g\nsip:b group=h\ngroup.g.fall=3\nsip:c\ngroup.g.rise=2\n"
    parsed = list_file.parse(data, check)
    assert seen == {"sip:a": {"fall": 3, "rise": 2}, "sip:b": {}, "sip:c": {}}
    assert [entry.destination.uri for entry in parsed.entries] == ["sip:a", "sip:c"]
    assert (parsed.faults, parsed.bad) == (["line 2: not b"], 1)


def test_the_first_faults_are_told_in_their_order() -> None:
    """Five of them, whether a line or a check found them, as long as few enough lines were refused."""

    def check(entry: list_file.Entry, options: object) -> None:
        raise Refused("no")

    lines = [b"sip:a"] + [b"nonsense!"] * 9
    parsed = list_file.parse(b"\n".join(lines), check)
    assert parsed.bad == 10
    assert parsed.faults[0] == "line 1: no"
    assert [fault.split(":")[0] for fault in parsed.faults] == [f"line {number}" for number in range(1, 6)]


def test_what_is_no_option_of_a_group() -> None:
    """The refusal says that it is a group's."""
    [fault] = list_file.parse(b"group.g.mass_failure=5").faults
    assert "a group" in fault


def test_a_large_file_is_read_in_steps() -> None:
    """A few hundred lines in each, with the look at what they say; what comes of it is the same."""
    data = b"".join(b"sip:d%d\n" % number for number in range(1000))
    steps = list_file.parse_in_steps(data, None, lambda given: dict(given))  # type: ignore[arg-type]
    assert len(list(steps)) == 10
    assert len(list_file.parse(data).entries) == 1000
