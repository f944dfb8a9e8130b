"""KSR's functions that route a request, as real servers have them (tests/contract.py asks both)."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING, Any

from keepalive_testing.calls import LOCAL_TIMEOUT, Call, Situation
from keepalive_testing.messages import TRANSPORTS, Party, Uri, at_port, is_urn, way_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from keepalive_testing.drafts import Draft

LETTERS = {
    "A": "ACK",
    "B": "BYE",
    "C": "CANCEL",
    "F": "REFER",
    "I": "INVITE",
    "M": "MESSAGE",
    "N": "NOTIFY",
    "O": "OPTIONS",
    "P": "PUBLISH",
    "R": "REGISTER",
    "S": "SUBSCRIBE",
    "U": "UPDATE",
}
"""those of is_method_in"""
HIGHEST_FLAG = 31
MOST_HOPS = 70
"""what is left of Max-Forwards that says more, as modparam max_limit is"""


def one(yes: object) -> int:
    """Return what a function of a module says for yes and no."""
    return 1 if yes else -1


class Routing:
    """Functions of the modules sl, tm, rr, siputils, maxfwd and hdr, and of the core."""

    at_hand: Situation | None
    version: str
    listening: list[tuple[str, str, int]]
    handlers: Any
    violate: Callable[[str], Any]

    def here(self, *routes: str) -> Situation:
        """Return the situation, in which a function has a meaning."""
        if self.at_hand is None:
            self.violate("no request is at hand")
        assert self.at_hand is not None
        if routes and self.at_hand.route not in routes:
            self.violate(f"has no meaning in the {self.at_hand.route} route")
        return self.at_hand

    @property
    def call(self) -> Call:
        """The call at hand."""
        return self.here().call

    @property
    def socket_at_hand(self) -> tuple[str, str, int]:
        """Where the message at hand came in: the server's first socket of that transport and family."""
        at = self.here()
        return self._socket(at.transport, ":" in at.source[0]) or self.listening[0]

    def _socket(self, transport: str, is_ipv6: bool) -> tuple[str, str, int] | None:
        sockets = (
            socket for socket in self.listening if (socket[0], ":" in socket[1]) == (transport, is_ipv6)
        )
        return next(sockets, None)

    def _socket_to(self, hop: Uri) -> tuple[str, str, int]:
        """Return the socket from which a request leaves; what a name stands for is of the family at hand."""
        if hop.transport.lower() == "ws":
            self.violate(f"{hop.host}: Kamailio opens no connection over WebSocket")
        address = hop.host if re.fullmatch(r"\[.*\]|[\d.]+", hop.host) else self.socket_at_hand[1]
        found = self._socket(hop.way, ":" in address)
        if found is None:
            self.violate(f"no socket of ksr.listening leads to {hop}")
        assert found is not None
        return found

    # --- core ---

    def _core_is_method(self, names: str) -> bool:
        wanted = [name.strip() for name in names.upper().split("|")]
        if len(wanted) > 1 and not {*LETTERS.values(), "INFO", "PRACK"}.issuperset(wanted):
            self.violate(f"{names!r} is no list of methods: one that Kamailio does not know stands alone")
        return self.here().message.method in wanted

    def _core_is_method_in(self, letters: str) -> bool:
        return self.here().message.method in {LETTERS.get(letter) for letter in letters.upper()}

    def is_ours(self, uri: str) -> bool:
        """Say whether a URI leads to this server."""
        parts = Uri.of(uri)
        wanted = TRANSPORTS.get(parts.transport.lower(), "") if parts else ""
        return parts is not None and any(
            (parts.host.strip("[]"), parts.port or port, wanted or transport) == (address, port, transport)
            for transport, address, port in self.listening
        )

    def _core_is_myself(self, text: str) -> bool:
        if text.startswith(("sip:", "sips:")):
            return self.is_ours(text)
        return text.strip("[]") in {address for _, address, _ in self.listening}

    def _core_is_myself_furi(self) -> bool:
        return self.is_ours(self.here().message.party("From").uri)

    def _core_is_myself_turi(self) -> bool:
        return self.is_ours(self.here().message.party("To").uri)

    def _core_seturi(self, uri: str) -> bool:
        self.call.draft.uri = uri
        return True

    def _with(self, **parts: Any) -> bool:
        known = Uri.of(self.call.draft.uri)
        if known is not None and known.scheme == "tel":
            self.violate("the fake does not change parts of a tel URI")
        self.refuse_urns(self.call.draft.uri)
        if known is None:
            return False
        self.refuse_tels(known)
        changed = known._replace(**parts)
        if changed.user_parameters and (changed.password or changed.user is None):
            self.violate(f"a server breaks {known}: the user has parameters, and a password or is taken away")
        self.call.draft.uri = str(changed)
        return True

    def refuse_tels(self, uri: Uri) -> None:
        """Refuse what versions do not agree on."""
        if uri.kind == "tels":
            self.violate(f"{uri} is a sip URI to 5.6, as a telephone's, and a sips one to 6.1")

    def refuse_urns(self, uri: str) -> None:
        """Refuse a urn: versions do not take the same ones for a URI."""
        if is_urn(uri):
            self.violate("the fake takes no urn apart")

    def _core_setuser(self, user: str) -> bool:
        return self._with(user=user or None)

    def _core_sethost(self, host: str) -> bool:
        return self._with(host=host)

    def _core_setdsturi(self, uri: str) -> bool:
        self.call.draft.send_unnoticed_to(uri)
        return True

    def _core_resetdsturi(self) -> bool:
        self.call.draft.send_unnoticed_to("")
        return True

    def _core_isdsturiset(self) -> bool:
        return self.call.draft.du is not None

    def _core_setflag(self, flag: int) -> bool:
        return _set(self.call.draft.flags["message"], flag)

    def _core_isflagset(self, flag: int) -> bool:
        return flag in self.call.draft.flags["message"]

    def _core_resetflag(self, flag: int) -> bool:
        return _reset(self.call.draft.flags["message"], flag)

    def _core_setbflag(self, flag: int) -> bool:
        return _set(self.call.draft.flags["branch"], flag)

    def _core_isbflagset(self, flag: int) -> bool:
        return flag in self.call.draft.flags["branch"]

    def _core_resetbflag(self, flag: int) -> bool:
        return _reset(self.call.draft.flags["branch"], flag)

    def _core_force_rport(self) -> bool:
        return True

    _core_add_local_rport = _core_force_rport

    # --- siputils, maxfwd, rr ---

    def _siputils_has_totag(self) -> int:
        return one(self.here().message.party("To").tag)

    def _siputils_is_request(self) -> int:
        return one(not self.here().message.is_reply)

    def _siputils_is_reply(self) -> int:
        return one(self.here().message.is_reply)

    def _maxfwd_process_maxfwd(self, most: int) -> int:
        message = self.here("request").message
        known = message.header("Max-Forwards")
        if not known:
            self.call.draft.append(f"Max-Forwards: {most}\r\n")
            return 2
        if not known.strip().isdigit():
            return -2
        if int(known) == 0:
            return -1
        # Written over the old number, as wide as that was.
        message.replace("Max-Forwards", str(min(int(known) - 1, MOST_HOPS)).rjust(len(known)))
        return 1

    def _maxfwd_is_maxfwd_lt(self, limit: int) -> int:
        known = self.here().message.header("Max-Forwards")
        if not known:
            return -2
        return one(int(known) < limit) if known.strip().isdigit() else -3

    def _rr_record_route(self) -> int:
        situation = self.here("request", "branch", "failure")
        draft = situation.call.draft
        if draft.is_recorded:
            return -1
        uri = Uri.of(draft.uri)
        scheme = "sips" if uri is not None and uri.kind == "sips" else "sip"
        draft.record(self._record(scheme, self.socket_at_hand))
        # rr keeps no count of what it does for a branch.
        draft.is_recorded = situation.route != "branch"
        return 1

    def _record(self, scheme: str, socket: tuple[str, str, int], more: str = "") -> str:
        """Return the line in which a socket is recorded. Arguments: scheme, as the request URI has it."""
        transport, address, port = socket
        tag = self._tag_recorded
        parameters = f"{way_of(transport)}{more};lr{f';ftag={tag}' if tag else ''}"
        return f"Record-Route: <{scheme}:{at_port(address, port)}{parameters}>\r\n"

    @property
    def _tag_recorded(self) -> str | None:
        """The tag of who called: in a dialog that is what the route of this server says."""
        message = self.call.message
        tag = message.party("From").tag
        first = Party.of(message.header("Route").partition(",")[0]).uri
        known = re.search(";ftag=([^;]*)", first.partition("?")[0])
        if tag and known and known[1] not in ("", tag) and self.is_ours(first):
            return message.party("To").tag
        return tag

    def recorded(self, draft: Draft, hop: Uri) -> list[tuple[str, str]]:
        """Return with which header fields a request leaves for a hop: of two sockets both are recorded."""
        came, goes = self.socket_at_hand, self._socket_to(hop)
        fields = draft.fields(self.call.message)
        if came == goes:
            return fields
        both = {
            scheme: self._record(scheme, goes, ";r2=on") + self._record(scheme, came, ";r2=on")
            for scheme in ("sip", "sips")
        }
        return draft.recorded(fields, both)

    def _rr_loose_route(self) -> int:
        situation = self.here("request")
        values = [
            [route.strip() for route in value.split(",")] for value in situation.message.headers("Route")
        ]
        routes = [route for value in values for route in value]
        if not routes:
            return -1
        if not all("<" in route for route in routes):
            self.violate(f"{routes} is no Route: each stands in angle brackets")
        uris = [Party.of(route).uri for route in routes]
        # One proxy has two, if it got the request otherwise than it has sent it.
        most = 2 if ";r2=on" in uris[0] else 1
        ours = list(itertools.takewhile(self.is_ours, uris[:most]))
        ahead = uris[len(ours) :]
        if ahead:
            self.refuse_urns(ahead[0])
        has_tag = situation.message.party("To").tag
        # A strict router before this server has sent the request to it, of a call that there is.
        if (ahead and ";lr" not in ahead[0]) or (has_tag and self.is_ours(self.call.draft.uri)):
            self.violate("the fake knows no strict router, before this server or behind it")
        if ahead:
            self.call.draft.send_to(ahead[0])
        for _ in ours:
            del next(filter(None, values))[0]
        if ours:
            self.call.draft.route([", ".join(value) for value in values])
        # A route that ends here is one of a dialog.
        return 1 if ahead or has_tag else -3

    # --- hdr ---

    def _hdr_is_present(self, name: str) -> int:
        return one(self.here().message.headers(name))

    def _hdr_get(self, name: str) -> str | None:
        return self._hdr_get_idx(name, 0)

    def _hdr_get_idx(self, name: str, at: int) -> str | None:
        values = self.here().message.headers(name)
        return values[at] if -len(values) <= at < len(values) else None

    def _hdr_gete(self, name: str) -> str:
        return self._hdr_get(name) or ""

    def _hdr_getw(self, name: str) -> str:
        known = self._hdr_get(name)
        return "<null>" if known is None else known

    def _hdr_append(self, line: str) -> int:
        self._header_line(line)
        self.call.draft.append(line)
        return 1

    def _hdr_insert(self, line: str) -> int:
        self._header_line(line)
        self.call.draft.insert(line)
        return 1

    def _hdr_remove(self, name: str) -> int:
        self.call.draft.remove(name)
        return 1

    def _header_line(self, line: str) -> None:
        if not re.fullmatch(r"(?:[^\s:]+:[^\r\n]*\r\n)+", line):
            self.violate(f"{line!r} is no header line with its end")

    # --- sl, tm ---

    def _tm_t_newtran(self) -> int:
        situation = self.here("request")
        call = situation.call
        if situation.is_again and not call.is_found_again:
            return call.absorb()
        if call.has_transaction:
            return -10
        if call.is_bad():
            return -400
        if call.message.method != "ACK":
            call.begin()
        return 1

    def _tm_t_check_trans(self) -> int:
        situation = self.here()
        is_of_the_request = situation.route in ("request", "onsend") and not situation.message.is_reply
        if situation.call.of is not None:
            return one(situation.call.of.has_transaction)
        if not is_of_the_request:
            is_forgotten = situation.route == "every reply" and situation.call.is_forgotten(
                situation.branch, situation.message.code
            )
            return one(not is_forgotten)
        return situation.call.absorb()

    def _tm_t_lookup_request(self) -> int:
        return one(self.here().call.has_transaction)

    def _tm_t_relay(self) -> int:
        situation = self.here("request", "failure")
        call = situation.call
        if call.of is not None and call.of.has_transaction:
            call.of.cancel_by(call)
            return 1
        if situation.is_again and call.is_found_again:
            self.violate("relayed once more, as the route did not end behind the 0 of t_check_trans")
        if situation.is_again:
            call.absorb()
            return 1
        if call.is_waiting:
            self.violate("relayed twice: a Kamailio of 6.1 tells the sender 500 then")
        return call.relay()

    def _named(self, route: str, name: str) -> int:
        if name and not hasattr(self.handlers, name):
            self.violate(f"the script has no function {name}")
        self.call.on[route] = name
        return 1

    def _tm_t_on_branch(self, name: str) -> int:
        return self._named("branch", name)

    def _tm_t_is_set(self, kind: str) -> int:
        return one(
            self.call.on.get(
                {"branch_route": "branch", "onreply_route": "reply", "failure_route": "failure"}.get(
                    kind, ""
                ),
                "",
            )
        )

    def _tm_t_check_status(self, pattern: str) -> int:
        known = self._posix(pattern)
        code = self._status()
        try:
            return one(code > 0 and re.search(known, str(code)))
        except re.error:
            return -1

    def _posix(self, pattern: str) -> str:
        """Return what a regular expression of Kamailio's is in Python."""
        known = pattern.replace("[:digit:]", "0-9")
        if re.search(r"\\[dD<>]|\(\?|\[:|[*+?}][*+?]", known):
            self.violate(f"{pattern!r} is another pattern to Kamailio: to POSIX a digit is [0-9]")
        return known

    def _status(self) -> int:
        situation = self.here()
        if situation.route in ("reply", "every reply"):
            return situation.message.code
        if situation.route == "request":
            return situation.call.own_code
        return situation.call.ended_with % 1000 if situation.route == "failure" else -1

    def _tm_t_is_canceled(self) -> int:
        return one(self.call.is_canceled)

    def _tm_t_any_timeout(self) -> int:
        return one(any(branch.code == LOCAL_TIMEOUT for branch in self.call.relayed))

    def _tm_t_set_disable_internal_reply(self, yes: int) -> int:
        call = self.here("request").call
        # Of what is no INVITE it is forgotten when the transaction begins.
        if call.has_transaction or call.message.method == "INVITE":
            call.is_refused_silently = yes > 0
        return 1

    def _tm_t_reset_fr(self) -> int:
        self.call.fr_ms = None
        return 1


def _set(flags: set[int], flag: int) -> bool:
    if 0 <= flag <= HIGHEST_FLAG:
        flags.add(flag)
    return 0 <= flag <= HIGHEST_FLAG


def _reset(flags: set[int], flag: int) -> bool:
    flags.discard(flag)
    return 0 <= flag <= HIGHEST_FLAG


def _is(method: str) -> Callable[[Routing], bool]:
    return lambda self: self.here().message.method == method


for _method in (*LETTERS.values(), "INFO", "PRACK"):
    setattr(Routing, f"_core_is_{_method}", _is(_method))
