"""The table of parameters: what each is called, what it may be, and whose it is (pure).

The defines of keepalive-settings.cfg and docs/parameters.md are written from it by ``make parameters``.
"""

from collections.abc import Mapping
from typing import Any, Final

from . import calls, kinds, units
from .cluster_parameters import ClusterValues
from .kinds import SWITCH, ValueKind, number, number_or, one_of, whole
from .parameter import Parameter, Whose, parameters_of
from .profiles import AUTO, PROFILES
from .profiles import Value as Value
from .quoting import quoted
from .units import MILLISECONDS, PERCENT, SECONDS

DESTINATION: Final = "destination"
"""The one parameter that can be given many times; the registry keeps its values."""


class InvalidSetting(ValueError):
    """A parameter was refused; the message names it, the value and the reason."""


def _seconds(low: float, high: float, off: bool = False) -> ValueKind[float]:
    return number(low, high, SECONDS, off)


_INTERVAL: Final = (0.1, 86_400)
_A_DAY: Final = 86_400


class Values(ClusterValues):
    """The value of each parameter, by its name.

    Arguments: by_name, as check() returned them, one for each parameter.
    """

    def __init__(self, by_name: Mapping[str, Any]) -> None:
        self.by_name = by_name

    ping_interval = Parameter[float](30, _seconds(*_INTERVAL), "time between two pings of a destination")
    ping_interval_pending = Parameter[float | str](
        AUTO,
        number_or(AUTO, _seconds(*_INTERVAL, off=True)),
        "time between two pings while rise or fall is not reached yet; 0: as ping_interval",
        f"`{AUTO}`: a tenth of `ping_interval`, at least 1 s; without effect if `rise` and `fall` are 1.",
        of_profile=True,
    )
    ping_interval_down = Parameter[float](
        0,
        _seconds(*_INTERVAL, off=True),
        "time between two pings while a destination is down; 0: as ping_interval",
    )
    ping_jitter = Parameter(
        10,
        whole(0, 50, PERCENT),
        "part of the interval over which a ping is moved, half of it early, half late",
    )
    # tm gives up a transaction after 32 s (max_noninv_lifetime) whatever time limit it was given.
    ping_timeout = Parameter(
        3000,
        whole(50, 32_000, MILLISECONDS),
        "time that a reply may take; never longer than the interval",
        of_profile=True,
    )
    ping_from = Parameter("sip:keepalive@localhost", kinds.SENDER, "From URI of a ping")
    ping_method = Parameter("OPTIONS", kinds.METHOD, "method of a ping")
    ping_headers = Parameter(
        "",
        kinds.HEADERS,
        "more headers of a ping, with a bar between them",
        "Such as `X-A: 1 | X-B: 2`. Those that Kamailio writes are refused, and so is a `!`, at which it "
        "breaks a request.",
    )
    ping_socket = Parameter(
        "",
        kinds.SOCKET,
        "socket that pings leave from, such as udp:192.168.10.1:5060; empty: Kamailio chooses",
    )
    track = Parameter(
        "",
        kinds.DESTINATION_OR_NOTHING,
        "URI of a destination whose pings count for this one, which is not pinged; empty: none",
        "It has rules of its own, such as `rise`, `fall` and `ping_reply_codes`: see docs/guards.md.",
        at_run_time=False,
    )
    outbound_proxy = Parameter("", kinds.URI_OR_NOTHING, "URI that pings are sent through; empty: none")
    dns_expand = Parameter(
        1,
        SWITCH,
        "1: of a name each address is pinged by itself, as DNS has them; 0: the name as a whole",
        "So is an `outbound_proxy` that is a name. With 0 Kamailio asks DNS for each ping.",
    )
    dns_interval = Parameter[float](
        60,
        _seconds(1, _A_DAY),
        "time between two questions of DNS for the addresses of a name",
        "When all its addresses fail it is asked at once, each 5 s at the most.",
        whose=Whose.SERVER,
    )
    name_min_alive = Parameter(
        "1",
        kinds.TARGETS,
        "how many addresses of a name have to be up for it to be up, a number, a percentage, or all",
    )
    callback_targets = Parameter(0, SWITCH, "1: callbacks are told of changes of each address of a name too")
    ping_check_source = Parameter(
        0,
        SWITCH,
        "1: a reply counts only if it comes from the address that the ping went to",
        "Over UDP it has to come from its port too. Not for peers behind NAT, and without effect for names "
        "that `dns_expand` leaves whole.",
    )
    max_forwards = Parameter(70, whole(0, 255, "hops"), "Max-Forwards of a ping")
    ping_reply_codes = Parameter(
        "2xx",
        kinds.SOME_CODES,
        "final codes that are alive, such as 2xx,404 or 200-499 or any; a local timeout never is",
    )
    rise = Parameter(
        1,
        whole(1, 1000, "successes"),
        "successes in a row to go up; the first result ever decides at once",
        of_profile=True,
    )
    fall = Parameter(1, whole(1, 1000, "failures"), "failures in a row to go down", of_profile=True)
    honor_retry_after = Parameter(
        1,
        SWITCH,
        "1: a 503 with Retry-After is no failure but a drain, and the next ping waits that long",
        "Ten intervals at the most. 0: it is a failure.",
    )
    drain_codes = Parameter(
        "", kinds.CODES, "codes of replies to pings that drain a destination too, written as ping_reply_codes"
    )
    drain_time = Parameter(
        60, whole(1, _A_DAY, SECONDS), "time of such a drain, if the reply has no Retry-After"
    )
    remove_after = Parameter(
        0,
        whole(0, 1_000_000, "failures"),
        "failures in a row after which a destination is unregistered; 0: never",
        "With a log line and a last callback, state -1.",
    )
    stale_after = Parameter(
        0,
        whole(1, 864_000, SECONDS, off=True),
        "time without a ping's verdict or a call after which a destination becomes unknown; 0: never",
        "What was not heard of for long becomes unknown too: see docs/guards.md.",
    )
    unknown_as = Parameter(
        "up", one_of("up", "down", "error"), "what is_alive answers for an unknown destination"
    )
    group_min_alive = Parameter(
        "0",
        kinds.MEMBERS,
        "how many members of its group always answer 1, a number or a percentage such as 50%; 0: none",
        "Of different words the highest counts.",
    )
    slow_start = Parameter[float](
        0,
        _seconds(0.1, _A_DAY, off=True),
        "time over which what came up again gains its weight, for pick(); 0: it has it at once",
        "What is new has it at once.",
    )
    mass_failure = Parameter(
        0,
        whole(0, 99, PERCENT),
        "part of the destinations behind one ping_socket that may begin to fail within an interval; 0: off",
        "If more do, those that are up stay up for one more round.",
        whose=Whose.SERVER,
        of_profile=True,
    )
    flap_limit = Parameter(
        0,
        whole(2, 1000, "changes", off=True),
        "changes within flap_window after which a destination is kept down for a while; 0: off",
        of_profile=True,
    )
    flap_window = Parameter(60, whole(1, _A_DAY, SECONDS), "time in which changes are counted")
    flap_hold = Parameter(
        30,
        whole(1, _A_DAY, SECONDS),
        "time for which a flapping destination is kept down the first time",
        "It doubles each time the destination flaps again, and halves for each calm `flap_window`.",
    )
    flap_hold_max = Parameter(
        1800,
        whole(1, _A_DAY, SECONDS),
        "the longest time that a destination is kept down",
        of_profile=True,
    )
    passive_mode = Parameter(
        "on",
        one_of(*calls.MODES),
        "what report_reply may do: on; shadow, count, and log what it would have done; off, nothing",
    )
    passive_min = Parameter(
        5,
        whole(1, 10_000, "calls"),
        "calls within passive_window, 85 % of them failed, that take a destination down",
        "Whatever its pings say.",
    )
    passive_window = Parameter(
        60,
        whole(1, _A_DAY, SECONDS),
        "time in which calls are counted; for as long no ping brings a destination up again",
    )
    ping_skip_if_fresh = Parameter[float](
        0, _seconds(0.1, _A_DAY, off=True), "no ping while a call went well that long ago; 0: always"
    )
    profile = Parameter(
        "",
        one_of("", *PROFILES),
        "values for several parameters at once, over which any word of an operator wins; empty: none",
        "; ".join(
            f"`{name}`: " + ", ".join(f"`{each} {value}`" for each, value in values.items()) + "."
            for name, values in PROFILES.items()
        ),
        whose=Whose.SERVER,
    )
    answer_min_up = Parameter(
        1,
        whole(0, 1_000_000, "members"),
        "members of a group that have to be up for answer_options to answer 200; 0: none",
        "Or all of them but the one that asks, if there are fewer.",
        whose=Whose.SERVER,
    )
    log_format = Parameter(
        "text",
        one_of("text", "json"),
        "how a change of a state, and an operator's order, stands in the log: a sentence, or a JSON object",
        "With `json` the line is the object alone. `kamailio --log-engine=json:jM` puts it into its own.",
        whose=Whose.SERVER,
    )
    list_file = Parameter(
        "", kinds.FILE, "a file of destinations, read at the start", whose=Whose.SERVER, at_run_time=False
    )
    state_file = Parameter(
        "", kinds.FILE, "a file in which states outlive a restart", whose=Whose.SERVER, at_run_time=False
    )


ALIASES: Final = {"delete_counter": "remove_after"}
"""names of the C module's manual under which a parameter is taken too"""

OF_CLUSTER: Final = parameters_of(ClusterValues)
WITHOUT_CLUSTER: Final = parameters_of(Values)
PARAMETERS: Final = WITHOUT_CLUSTER | OF_CLUSTER


def check(name: object, value: object) -> Value:
    """Return a parameter's value as it is to be used.

    Arguments: name; value, of the parameter's own type, or as text.
    Raises: InvalidSetting for an unknown name, a wrong type or a value out of range.
    """
    parameter = known(name)
    try:
        found: Value = parameter.kind.check(value)
    except ValueError as fault:
        raise InvalidSetting(f"bad {name} {_told(parameter, value)}: {fault}") from None
    return found


def _told(parameter: Parameter[Any], value: object) -> str:
    # A number is told as one, whether it was written as text or not.
    if isinstance(value, str) and not isinstance(parameter.default, str):
        try:
            return str(units.read(value, ""))
        except ValueError:
            pass
    return quoted(value)


_OWNER: Final = {Whose.GROUP: "a group", Whose.DESTINATION: "one destination"}


def check_options(options: Mapping[str, object], whose: Whose = Whose.DESTINATION) -> dict[str, Value]:
    """Return the options of a destination, or of a group, as they are to be used. Raises: InvalidSetting."""
    for name in options:
        if name in PARAMETERS and PARAMETERS[name].whose < whose:
            raise InvalidSetting(f"{name} is no parameter of {_OWNER[whose]}")
    checked = {known(name).name: check(name, value) for name, value in options.items()}
    if len(checked) < len(options):
        twice = [alias for alias in ALIASES if alias in options]
        raise InvalidSetting(f"{twice[0]} is {ALIASES[twice[0]]}, which is given too")
    return checked


def known(name: object) -> Parameter[Any]:
    """Return the parameter of a name. Raises: InvalidSetting if there is none."""
    parameter = PARAMETERS.get(ALIASES.get(name, name)) if isinstance(name, str) else None
    if parameter is None:
        near = OF_CLUSTER if isinstance(name, str) and name.startswith("cluster") else WITHOUT_CLUSTER
        names = ", ".join([*near, DESTINATION])
        raise InvalidSetting(f"unknown parameter {quoted(name)}, known are {names}")
    return parameter
