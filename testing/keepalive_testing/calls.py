"""A request that went through a script: to where it was relayed, and what its sender was told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from keepalive_testing.drafts import Draft
from keepalive_testing.messages import Message, Uri, long_name

if TYPE_CHECKING:
    from keepalive_testing.ksr import FakeKSR

LOCAL_TIMEOUT = 1408
"""The end of a branch that had no reply; no code that a peer can send."""
CODES = range(100, 700)
"""of replies"""
TRYING = "trying -- your call is important to us"
REASONS = {
    100: "Trying",
    180: "Ringing",
    183: "Session Progress",
    200: "OK",
    302: "Moved Temporarily",
    403: "Forbidden",
    404: "Not Found",
    408: "Request Timeout",
    480: "Temporarily Unavailable",
    486: "Busy Here",
    487: "Request Terminated",
    500: "Server Internal Error",
    503: "Service Unavailable",
    603: "Decline",
}

Route = Literal["request", "branch", "every reply", "reply", "failure", "onsend"]


def preference(code: int) -> tuple[int, int]:
    """Tell what tm prefers: 6xx to 3xx, 4xx and 5xx, and in a class the lower code."""
    kind, number = divmod(code % 1000, 100)
    return (0 if kind == 6 else kind), number


class Reply(NamedTuple):
    """What the sender of a request was told. Arguments: headers, those that the script added."""

    code: int
    reason: str
    headers: str = ""


class Branch:
    """One way that a request was sent.

    Arguments: to, the next hop, as the script's $du says, or the request URI; uri, the request URI; fields,
    the header fields that it left with.
    """

    def __init__(self, to: str, uri: str, fields: list[tuple[str, str]], on_reply: str) -> None:
        self.to = to
        self.uri = uri
        self.fields = fields
        self.on_reply = on_reply
        self.code: int | None = None
        """how it ended, LOCAL_TIMEOUT or a code of 200 and above"""
        self.is_given_up = False
        """whether tm has canceled it, as the sender was told otherwise meanwhile"""
        self.reply: Reply | None = None
        """its last reply, as it is passed on"""
        self.message: Message | None = None
        """the same, as it came"""

    def header(self, name: str) -> str:
        """Return the value of the first header field of a name that it left with, "" if there is none."""
        wanted = long_name(name)
        return next((value for given, value in self.fields if long_name(given) == wanted), "")

    def __repr__(self) -> str:
        return f"<sent to {self.to}: {self.uri}>"


class Situation(NamedTuple):
    """In what a script's function is called: its route, and the message that is at hand there.

    Arguments: source, address and port from which that came; is_again, whether tm knows the request already,
    as the network has lost the answer; branch, of whom a reply is; transport, over which the message came.
    """

    route: Route
    call: Call
    message: Message
    source: tuple[str, int]
    is_again: bool = False
    branch: Branch | None = None
    transport: str = "udp"


class Call:
    """A request that a client sent, and all that became of it.

    Arguments: ksr, of the server; message; source, address and port of the client; of, the call that a
    CANCEL is to end.
    """

    def __init__(
        self, ksr: FakeKSR, message: Message, source: tuple[str, int], of: Call | None = None
    ) -> None:
        self.ksr = ksr
        self.message = message
        self.source = source
        self.of = of
        self.draft = Draft(message.uri)
        """what the route at hand makes of the request, or of its reply"""
        self.avps: dict[str, list[str | int]] = {}
        """the newest value last"""
        self.has_transaction = False
        self.is_found_again = False
        """whether the route has found its transaction, of a request that was sent again"""
        self.is_canceled = False
        self.is_over = False
        """whether the sender has its final reply from the transaction"""
        self._last: Reply | None = None
        """what the transaction has told the sender last, which it tells again"""
        self.on = {"branch": "", "reply": "", "failure": ""}
        """the functions of the script that are to be called, by route"""
        self._on_failure = ""
        """which of them is called if what was relayed fails: whoever names one later names it too late"""
        self._begun_with = Draft(message.uri)
        """the draft as its transaction began"""
        self._as_relayed = self.draft
        """what each failure route begins with; the header lines are the first try's, even if that failed"""
        self._was_tried = False
        """whether it was to be relayed, even to where nothing can be sent"""
        self.fr_ms: tuple[int, int] | None = None
        """how long tm waits for a final reply to an INVITE and for a first reply, if the script said so"""
        self.refusal: Reply | None = None
        """what tm says if the script does not, as nothing could be sent"""
        self.is_refused_silently = False
        """whether the script has told tm to keep that back"""
        self.relayed: list[Branch] = []
        self._sent_last = 0
        """the first branch of those that were sent together last"""
        self.ended_with = -1
        """tm's favourite among their ends, when the last one had ended"""
        self.replies: list[Reply] = []

    # --- what a test looks at ---

    @property
    def relayed_to(self) -> list[str]:
        """The next hops to which the request was sent, in order."""
        return [branch.to for branch in self.relayed]

    @property
    def code(self) -> int:
        """The last code that the sender was told, 0 if nothing."""
        return self.replies[-1].code if self.replies else 0

    @property
    def codes(self) -> list[int]:
        """All codes that the sender was told, without tm's own 100."""
        return [reply.code for reply in self.replies if reply.code != 100]

    # --- what a test lets happen ---

    def reply(
        self,
        code: int,
        reason: str = "",
        headers: str = "",
        branch: int = -1,
        source: tuple[str, int] | None = None,
    ) -> None:
        """Let a reply of a gateway come in.

        Arguments: code; reason; headers, more lines of it; branch, which one's, by number in the order of
        relayed; source, address and port, if it is not the gateway's.
        """
        assert isinstance(code, int), f"{code!r:.80} is no code of a reply: 100 to 699"
        assert code in CODES, f"{code} is no code of a reply: 100 to 699"
        at = self._pending(branch)
        message = self._answered(code, reason, headers)
        address, transport = _origin(at.to)
        situation = Situation("reply", self, message, source or address, branch=at, transport=transport)
        if self.is_over and self.ksr.version >= "6.1":
            self._pass_on(at, situation)
            return
        before, self.draft = self.draft, Draft()
        self._run_apart("ksr_reply_route", situation._replace(route="every reply"))
        if (self.is_canceled or at.is_given_up) and code < 200:  # nobody waits for that
            self.draft = before
            return
        self.draft.flags = self._as_relayed.flags
        if at.on_reply:
            self.ksr.run(at.on_reply, situation)
        at.reply, at.message = Reply(code, message.reason, self.draft.added), message
        self._tell_of(at.reply, situation)
        self.draft = before
        if code >= 200:
            at.code = code
            self._end_of_branch()

    def _tell_of(self, reply: Reply, situation: Situation) -> None:
        """Pass on what rings or takes the call."""
        is_late = self.is_over
        # Behind its final reply a sender is told of an INVITE that was taken, and of nothing else.
        if not 100 < reply.code < 300 or (is_late and (reply.code < 200 or self.message.method != "INVITE")):
            return
        self._tell(reply)
        if not is_late:
            self._run_apart("ksr_onsend_route", situation._replace(route="onsend"))

    def _answered(self, code: int, reason: str, headers: str) -> Message:
        """Return the reply of a gateway."""
        copied = [
            (name, value)
            for name, value in self.message.fields
            if long_name(name) in ("from", "to", "call-id", "cseq", "via")
        ]
        # No line end comes over the wire in a reason; a test may say one nevertheless.
        first = f"SIP/2.0 {code} {reason or REASONS.get(code, 'Reason')}".replace("\n", " ")
        text = "\r\n".join([first, *(f"{name}: {value}" for name, value in copied)])
        message = Message("\r\n".join([text, *headers.splitlines()]) + "\r\n\r\n")
        if message.party("To").tag is None and code > 100:
            message.replace("To", f"{message.header('To')};tag=gateway")
        return message

    def run_route_of_all_replies(self, code: int, reason: str, transport: str) -> None:
        """Run it for a reply to what this server has sent itself, which comes from where the call does."""
        message = self._answered(code, reason, "")
        self.draft = Draft()
        situation = Situation("every reply", self, message, self.source, transport=transport)
        self._run_apart("ksr_reply_route", situation)

    def _run_apart(self, name: str, situation: Situation) -> None:
        """Call a function of the script that runs before tm finds whose a reply is, or behind that."""
        kept, self.avps = self.avps, {}
        self.ksr.run(name, situation, demanded=False)
        self.avps = kept

    def _pass_on(self, branch: Branch, situation: Situation) -> None:
        """Do what 6.1 does with a reply to a transaction that has ended: it has forgotten most of them."""
        message = situation.message
        before, self.draft = self.draft, Draft()
        self._run_apart("ksr_reply_route", situation._replace(route="every reply"))
        branch.code = message.code if message.code >= 200 else None
        if self.is_forgotten(branch, message.code):
            self.replies.append(Reply(message.code, message.reason))
            self._run_apart("ksr_onsend_route", situation._replace(route="onsend"))
        self.draft = before

    def is_forgotten(self, branch: Branch | None, code: int) -> bool:
        """Say whether tm finds no transaction of a reply, which is passed on without one then."""
        if branch is None or not self.is_over or self.ksr.version < "6.1":
            return False
        return 200 <= code < 300 or not branch.is_given_up

    def time_out(self, branch: int = -1) -> None:
        """Let tm give up waiting for a gateway."""
        self._pending(branch).code = LOCAL_TIMEOUT
        self.ksr.missing = ""  # that is another process
        self._end_of_branch()

    def _pending(self, number: int) -> Branch:
        assert self.relayed, f"the {self.message.method} was not relayed; its sender was told {self.codes}"
        assert -1 <= number < len(self.relayed), f"there is no branch {number} of {len(self.relayed)}"
        branch = self.relayed[number]
        assert branch.code is None, f"{branch} has ended with {branch.code % 1000}" if branch.code else ""
        return branch

    # --- what tm does ---

    @property
    def own_code(self) -> int:
        """The code that its transaction has told the sender last, -1 if nothing."""
        return self._last.code if self._last else -1

    def begin(self) -> None:
        """Have a transaction from now on."""
        self.has_transaction = True
        self._begun_with = self.draft.copy()

    @property
    def is_waiting(self) -> bool:
        """Whether a gateway may still answer."""
        return any(branch.code is None for branch in self.relayed)

    def _best(self) -> int:
        """Return tm's favourite among the ends of the branches that were sent last, -1 if there is none."""
        ends = [branch.code for branch in self.relayed[self._sent_last :] if branch.code is not None]
        return min(ends, key=preference) if ends else -1

    def _end_of_branch(self) -> None:
        if self.is_over or self.is_waiting or 200 <= self._best() < 300:
            return
        self.ended_with = self._best()
        name, self._on_failure, self.on["failure"] = self._on_failure, "", ""
        self.draft = self._as_relayed.copy(is_new=False)
        if name:
            self.ksr.run(name, Situation("failure", self, self.message, self.source))
        if self.is_over or self.is_waiting:
            return
        # Of a call that was given up, silence ends it; and one gateway's trouble is not the proxy's.
        code = self.ended_with % 1000
        code = 487 if self.is_canceled and code == 408 else code
        best = next(branch for branch in self.relayed[self._sent_last :] if branch.code == self.ended_with)
        own = Reply(500 if code == 503 else code, REASONS.get(code, "Reason"), self._as_relayed.of_replies)
        self._tell(best.reply if best.reply is not None and best.reply.code == own.code else own)
        if best.message is not None and best.message.code >= 200:
            self.draft = Draft()
            address, transport = _origin(best.to)
            situation = Situation("onsend", self, best.message, address, transport=transport)
            self._run_apart("ksr_onsend_route", situation)

    def answer(self, code: int, reason: str, *, in_transaction: bool) -> int:
        """Tell the sender.

        Returns: 1, or -1 if it has its final reply from this transaction already, or waits for none.
        """
        if self.message.method == "ACK" or (in_transaction and self.is_over):
            return -1
        if code not in CODES:
            self.ksr.violate(f"{code} is no code of a reply: 100 to 699")
        if "\r" in reason or "\n" in reason:
            self.ksr.violate(f"{reason!r} is more than a reason: header lines of the reply")
        if code in range(300, 400):
            self.draft.redirect()
        reply = Reply(code, reason, self.draft.of_replies)
        if in_transaction:
            self._tell(reply)
        else:  # the transaction knows nothing of it
            self.replies.append(reply)
        return 1

    def _tell(self, reply: Reply) -> None:
        self.replies.append(reply)
        self._last = reply
        if reply.code >= 200 and not self.is_over:
            self.is_over = True
            for branch in self.relayed:
                branch.is_given_up = branch.code is None and self.message.method == "INVITE"

    def cancel_by(self, cancel: Call) -> None:
        """Give up the call, as its sender wishes."""
        cancel._tell(Reply(200, "canceling" if self.is_waiting else "ok -- no more pending branches"))
        self.is_canceled = True
        if not self.is_waiting and not self.is_over:
            self._tell(Reply(487, "Request canceled"))

    def absorb(self) -> int:
        """Say what t_check_trans says: 0, and the last reply leaves again, of a request that is known."""
        if not self.has_transaction:
            return -1
        self.is_found_again = True
        if self._last is not None:
            self.replies.append(self._last)
        return 0

    def end_of_route(self) -> None:
        """Do what tm does behind the request route."""
        if self.refusal is None or self.is_over or self.is_refused_silently or self.message.method == "ACK":
            return
        if not self.relayed or self.ksr.version >= "6.1":
            self._tell(self.refusal)

    def is_bad(self) -> bool:
        """Say whether tm has no transaction of the request, whose URI is none."""
        if Uri.of(self.draft.uri) is not None or self.message.method == "ACK":
            return False
        self.ksr.refuse_urns(self.draft.uri)
        return True

    def relay(self) -> int:
        """Send the request on, as t_relay does; return what that returns."""
        if not self.has_transaction and self.is_bad():
            return -400
        if self.is_canceled or not self.draft.is_new:
            return -1
        was_relayed = bool(self.relayed)
        if not self.has_transaction and self.message.method != "ACK":
            self.begin()
        as_it_is = self.draft.snapshot(self._begun_with)
        if not self._was_tried:
            self._as_relayed, self._was_tried = as_it_is, True
        elif not was_relayed:
            self._as_relayed.flags = as_it_is.flags
        if self.message.method == "INVITE" and self._last is None:
            self._tell(Reply(100, TRYING, self.draft.of_replies))
        branch = self._branch()
        hop = Uri.of(branch.to)
        self.ksr.refuse_urns(branch.to)
        if branch.to in self.ksr.unresolvable or hop is None or hop.scheme.lower() == "tel":
            self.refusal = Reply(478, "Unresolvable destination (478/TM)")
            return -1 if was_relayed else -4 if self.is_refused_silently else -478
        if not self.is_waiting:
            self._sent_last = len(self.relayed)
        self.relayed.append(branch)
        self._on_failure = self.on["failure"]
        situation = Situation("onsend", self, self.message, self.source)
        self.ksr.run("ksr_onsend_route", situation, demanded=False)
        return 1

    def _branch(self) -> Branch:
        """Let the script have its way with this branch alone; return that."""
        before, self.draft = self.draft, self.draft.copy()
        self.draft.flags = self._as_relayed.flags
        # Each naming is for what is relayed next, that of the branch route itself too.
        name, self.on["branch"] = self.on["branch"], ""
        if name and self.message.method != "ACK":
            self.ksr.run(name, Situation("branch", self, self.message, self.source))
        mine, self.draft = self.draft, before
        if before.du and not mine.du:
            self.ksr.violate("a branch route takes $du back: 5.6 sends there nevertheless, and 6.1 nowhere")
        hop = Uri.of(mine.hop)
        fields = mine.fields(self.message) if hop is None else self.ksr.recorded(mine, hop)
        return Branch(mine.hop, mine.uri, fields, self.on["reply"])


def _origin(uri: str) -> tuple[tuple[str, int], str]:
    """Return from where a gateway's replies come, address and port, and over which transport."""
    parts = Uri.of(uri)
    assert parts is not None
    return parts.source, parts.way
