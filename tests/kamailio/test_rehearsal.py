"""The reply to a rehearsal; what routes do to one is seen in tests/services/test_departures.py."""

from __future__ import annotations

import importlib

from conftest import FakeServer

REQUEST = (
    b"OPTIONS sip:a SIP/2.0\r\n"
    b"Via: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK1\r\n"
    b"via: SIP/2.0/UDP 127.0.0.1\r\n ;branch=z9hG4bK2\r\n"
    b"From: <sip:k@a>;tag=1\r\nTo: <sip:a>\r\nCall-ID: 1\r\nCSeq: 10 OPTIONS\r\n"
    b"Max-Forwards: 70\r\nX-To: none\r\nContent-Length: 0\r\n\r\n"
)


def test_a_reply_has_what_it_has_to_have(server: FakeServer) -> None:
    """All Vias in their order, From, To, Call-ID and CSeq as they came, and nothing else of the request."""
    server.process()
    rehearsal = importlib.import_module("keepalive_core.kamailio.rehearsal")
    assert rehearsal._answer(REQUEST) == (
        b"SIP/2.0 200 OK\r\n"
        b"Via: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK1\r\n"
        b"via: SIP/2.0/UDP 127.0.0.1\r\n ;branch=z9hG4bK2\r\n"
        b"From: <sip:k@a>;tag=1\r\nTo: <sip:a>\r\nCall-ID: 1\r\nCSeq: 10 OPTIONS\r\n"
        b"Content-Length: 0\r\n\r\n"
    )
