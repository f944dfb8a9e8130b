"""JSON-RPC 2.0: the specification's own examples, and what is none of it."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepalive_core.rules import json_rpc
from keepalive_core.rules.json_rpc import Answer, Error, Fault, Request, parse, written

# https://www.jsonrpc.org/specification section 7, in its order: what is sent, and what comes back.
EXAMPLES = [
    (
        '{"jsonrpc": "2.0", "method": "subtract", "params": [42, 23], "id": 1}',
        {"jsonrpc": "2.0", "result": 19, "id": 1},
    ),
    (
        '{"jsonrpc": "2.0", "method": "subtract", "params": [23, 42], "id": 2}',
        {"jsonrpc": "2.0", "result": -19, "id": 2},
    ),
    (
        '{"jsonrpc": "2.0", "method": "subtract", "params": {"subtrahend": 23, "minuend": 42}, "id": 3}',
        {"jsonrpc": "2.0", "result": 19, "id": 3},
    ),
    (
        '{"jsonrpc": "2.0", "method": "subtract", "params": {"minuend": 42, "subtrahend": 23}, "id": 4}',
        {"jsonrpc": "2.0", "result": 19, "id": 4},
    ),
    ('{"jsonrpc": "2.0", "method": "update", "params": [1,2,3,4,5]}', None),
    ('{"jsonrpc": "2.0", "method": "foobar"}', None),
    (
        '{"jsonrpc": "2.0", "method": "foobar", "id": "1"}',
        {"jsonrpc": "2.0", "error": {"code": -32601, "message": "Method not found"}, "id": "1"},
    ),
    (
        '{"jsonrpc": "2.0", "method": "foobar, "params": "bar", "baz]',
        {"jsonrpc": "2.0", "error": {"code": -32700, "message": "Parse error"}, "id": None},
    ),
    (
        '{"jsonrpc": "2.0", "method": 1, "params": "bar"}',
        {"jsonrpc": "2.0", "error": {"code": -32600, "message": "Invalid Request"}, "id": None},
    ),
    (
        '[{"jsonrpc": "2.0", "method": "sum", "params": [1,2,4], "id": "1"},{"jsonrpc": "2.0", "method"]',
        {"jsonrpc": "2.0", "error": {"code": -32700, "message": "Parse error"}, "id": None},
    ),
    ("[]", {"jsonrpc": "2.0", "error": {"code": -32600, "message": "Invalid Request"}, "id": None}),
    ("[1]", [{"jsonrpc": "2.0", "error": {"code": -32600, "message": "Invalid Request"}, "id": None}]),
    (
        "[1,2,3]",
        [{"jsonrpc": "2.0", "error": {"code": -32600, "message": "Invalid Request"}, "id": None}] * 3,
    ),
    (
        """[
        {"jsonrpc": "2.0", "method": "sum", "params": [1,2,4], "id": "1"},
        {"jsonrpc": "2.0", "method": "notify_hello", "params": [7]},
        {"jsonrpc": "2.0", "method": "subtract", "params": [42,23], "id": "2"},
        {"foo": "boo"},
        {"jsonrpc": "2.0", "method": "foo.get", "params": {"name": "myself"}, "id": "5"},
        {"jsonrpc": "2.0", "method": "get_data", "id": "9"}
        ]""",
        [
            {"jsonrpc": "2.0", "result": 7, "id": "1"},
            {"jsonrpc": "2.0", "result": 19, "id": "2"},
            {"jsonrpc": "2.0", "error": {"code": -32600, "message": "Invalid Request"}, "id": None},
            {"jsonrpc": "2.0", "error": {"code": -32601, "message": "Method not found"}, "id": "5"},
            {"jsonrpc": "2.0", "result": ["hello", 5], "id": "9"},
        ],
    ),
    (
        """[{"jsonrpc": "2.0", "method": "notify_sum", "params": [1,2,4]},
        {"jsonrpc": "2.0", "method": "notify_hello", "params": [7]}]""",
        None,
    ),
]


def subtract(minuend: int, subtrahend: int) -> int:
    return minuend - subtrahend


METHODS: dict[str, Callable[..., Any]] = {
    "subtract": subtract,
    "sum": lambda *numbers: sum(numbers),
    "get_data": lambda: ["hello", 5],
    "update": lambda *_: None,
    "notify_hello": lambda *_: None,
    "notify_sum": lambda *_: None,
}


def served(body: bytes) -> Any:
    """What the server of the specification's examples answers; None: nothing."""
    message = parse(body)
    answers = []
    for part in message.parts:
        if isinstance(part, Fault):
            answers.append(Answer(part.id, error=part.error))
        elif not part.is_notification:
            method = METHODS.get(part.method)
            if method is None:
                answers.append(Answer(part.id, error=Error.of(json_rpc.METHOD_NOT_FOUND)))
            elif isinstance(part.params, list):
                answers.append(Answer(part.id, method(*part.params)))
            else:
                answers.append(Answer(part.id, method(**part.params)))
    return json.loads(text_of(answers, message.is_batch)) if answers else None


def text_of(answers: list[Answer], is_batch: bool) -> bytes:
    return json_rpc.joined([b"".join(written(answer)) for answer in answers], is_batch)


@pytest.mark.parametrize(("sent", "answer"), EXAMPLES)
def test_examples_of_the_specification(sent: str, answer: object) -> None:
    """Each is answered word for word."""
    assert served(sent.encode()) == answer


def fault(body: bytes) -> Fault:
    """The only thing that a body is."""
    [found] = parse(body).parts
    assert isinstance(found, Fault)
    return found


def request(body: str) -> Request:
    """The only request that a body is."""
    [found] = parse(body.encode()).parts
    assert isinstance(found, Request)
    return found


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", ""),
        (b" ", ""),
        (b"{bad", ""),
        (b"\xef\xbb\xbf{}", ""),
        (b'{"a": 1} x', ""),
        (b"{'a': 1}", ""),
        (b'{"a": "\x01"}', ""),
        (b'{"a": "\xff"}', "no UTF-8"),
        (b'{"a": "\xed\xa0\x80"}', "no UTF-8"),
        (b'{"method": "\\ud800"}', "half a character"),
        (b'{"\\udfff": "\\ud83d\\ude00"}', "half a character"),
        (b'{"a": NaN}', "NaN is no JSON"),
        (b"[Infinity]", "Infinity is no JSON"),
        (b"[-Infinity]", "-Infinity is no JSON"),
        (b"[1e999]", "the number 1e999 is too large"),
        (b"[" + b"9" * 65 + b"]", "a number of 65 characters, up to 64 are allowed"),
        (b"[" + b"9" * 5000 + b"]", "a number of 5000 characters, up to 64 are allowed"),
        (b"[0." + b"9" * 70 + b"]", "a number of 72 characters, up to 64 are allowed"),
        (b'{"id": 1, "id": 2}', "an object has 'id' twice"),
        (b'[{"jsonrpc": "2.0", "params": {"a": 1, "a": 1}}]', "an object has 'a' twice"),
        (b"[" * 100_000, "more than 32 brackets one in another"),
        (b"[" * 100_000 + b"]" * 100_000, "more than 32 brackets one in another"),
        (b'{"a":' * 33 + b"1" + b"}" * 33, "more than 32 brackets one in another"),
        (b"[" + b"[]," * 25_000 + b"[]]", "more than 50000 texts and brackets"),
        (b"[" + b'"",' * 50_000 + b'""]', "more than 50000 texts and brackets"),
        (b'"' + b"x" * (256 << 10), "longer than 262144 bytes"),
        (b'"' + b'\\"' * 130_000, ""),
    ],
)
def test_what_is_no_json(body: bytes, reason: str) -> None:
    """It is a parse error without an id; the reason is said if it is a limit, and has a bound."""
    assert fault(body) == Fault(Error(-32700, "Parse error", reason), None)


def test_brackets_in_a_text_are_not_nested() -> None:
    """Nor are those of a text with escapes, and brackets side by side are not either."""
    text = "[" * 100 + '"' + "{" * 100
    body = json.dumps({"jsonrpc": "2.0", "method": text, "params": [[[]]] * 100, "id": 1})
    assert request(body) == Request(text, [[[]]] * 100, 1, False)
    assert request('{"jsonrpc": "2.0", "method": "' + r"\\" + '", "id": 1}').method == "\\"


def test_as_deep_as_is_allowed() -> None:
    """32 brackets are read, whatever they are."""
    params = "[" * 31 + "]" * 31
    assert request(f'{{"jsonrpc": "2.0", "method": "m", "params": {params}}}').params


@pytest.mark.parametrize("id", [None, 0, -1, 1, 1.5, "", "a", "1", 10**60, "😀", " "])
def test_ids(id: object) -> None:
    """A text, a number or null comes back as it was, and a request with it is no notification."""
    sent = json.dumps({"jsonrpc": "2.0", "method": "m", "id": id})
    assert request(sent) == Request("m", [], id, False)  # type: ignore[arg-type]
    text = text_of([Answer(id, 1)], is_batch=False)  # type: ignore[arg-type]
    assert json.loads(text) == {"jsonrpc": "2.0", "result": 1, "id": id}


def test_a_notification_has_no_id() -> None:
    """Null is an id; that it has none is what makes it one."""
    assert request('{"jsonrpc": "2.0", "method": "m"}').is_notification
    assert not request('{"jsonrpc": "2.0", "method": "m", "id": null}').is_notification


@pytest.mark.parametrize(
    ("fields", "id"),
    [
        ({"id": True}, None),
        ({"id": []}, None),
        ({"id": {"a": 1}}, None),
        ({"jsonrpc": "1.0"}, 7),
        ({"jsonrpc": 2.0}, 7),
        ({"jsonrpc": None}, 7),
        ({"method": None}, 7),
        ({"method": 1}, 7),
        ({"method": ["m"]}, 7),
        ({"params": "a"}, 7),
        ({"params": None}, 7),
        ({"params": 1}, 7),
        ({"params": True}, 7),
    ],
)
def test_what_is_no_request(fields: dict[str, object], id: object) -> None:
    """It is an invalid request, with its id if that can be told."""
    sent = {"jsonrpc": "2.0", "method": "m", "id": 7, **fields}
    assert fault(json.dumps(sent).encode()) == Fault(Error(-32600, "Invalid Request"), id)  # type: ignore[arg-type]


@pytest.mark.parametrize("missing", ["jsonrpc", "method"])
def test_what_a_request_needs(missing: str) -> None:
    """Without its version or its method it is none."""
    sent = {"jsonrpc": "2.0", "method": "m", "id": 7}
    del sent[missing]
    assert fault(json.dumps(sent).encode()).error.code == json_rpc.INVALID_REQUEST


@pytest.mark.parametrize("body", [b"1", b"null", b'"text"', b"true", b"1.5", b"{}"])
def test_what_is_json_and_no_request(body: bytes) -> None:
    """Whatever else a body is, it is an invalid request."""
    assert fault(body) == Fault(Error(-32600, "Invalid Request"), None)


def test_a_batch_has_a_limit() -> None:
    """A hundred requests are done, one more are not, as a whole."""
    one = {"jsonrpc": "2.0", "method": "m", "id": 1}
    assert len(parse(json.dumps([one] * 100).encode()).parts) == 100
    too_many = parse(json.dumps([one] * 101).encode())
    assert not too_many.is_batch
    assert too_many.parts == [
        Fault(Error(-32600, "Invalid Request", "101 requests, up to 100 in a batch are allowed"), None)
    ]


@pytest.mark.parametrize("length", [0, 1, 499, 500, 501, 1200])
def test_a_long_list_is_written_in_pieces(length: int) -> None:
    """Others may have a turn between two pieces, and what is read is the list."""
    result = [{"number": number} for number in range(length)]
    pieces = list(written(Answer(1, result)))
    assert max(map(len, pieces)) < 10_000
    answers = [b"".join(pieces), *written(Answer(2, error=Error(-32001, "gone", "more")))]
    first, second = json.loads(json_rpc.joined(answers, True))
    assert first["result"] == result
    assert second == {
        "jsonrpc": "2.0",
        "error": {"code": -32001, "message": "gone", "data": "more"},
        "id": 2,
    }


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_body_is_parsed(body: bytes) -> None:
    """It is a message of at least one part, whatever it is."""
    assert parse(body).parts


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**40), 10**40) | st.floats(-1e300, 1e300) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(VALUES)
def test_any_json_is_read_as_it_is(value: Any) -> None:
    """What a request is given reaches its method unchanged."""
    body = json.dumps({"jsonrpc": "2.0", "method": "m", "params": [value], "id": 1})
    assert request(body).params == [value]


@pytest.mark.parametrize("length", [1, 501])
def test_passwords_are_masked_wherever_they_stand(length: int) -> None:
    """In texts, names and lists, at any depth; what else is said stays as it is."""
    said = {"sip:a:secret@b": ["from sip:c:secret@d", 1, None, {"uri": "sip:e@f"}]}
    body = b"".join(written(Answer(1, [said] * length), is_masked=True))
    shown = {"sip:a:***@b": ["from sip:c:***@d", 1, None, {"uri": "sip:e@f"}]}
    assert json.loads(body)["result"] == [shown] * length


def test_a_name_that_is_twice_is_found_in_one_pass() -> None:
    """However many names there are: nobody waits for that."""
    names = [f'"{number:x}":0' for number in range(24_000)]
    body = ("{" + ",".join([*names, names[-1]]) + "}").encode()
    began = time.process_time()
    (fault,) = parse(body).parts
    assert time.process_time() - began < 1
    assert isinstance(fault, Fault)
    assert fault.error.data == "an object has '5dbf' twice"
