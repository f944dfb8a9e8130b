"""Whose word wins: what is in force for the server, and for one destination (pure)."""

import math
from collections.abc import Mapping
from typing import Final

from .calls import CallCriteria
from .criteria import RETRY_AFTER_INTERVALS, Criteria
from .kinds import split_headers
from .pace import Pace
from .parameters import PARAMETERS, InvalidSetting, Value, Values, check, known
from .profiles import PROFILES
from .reply_codes import parse_codes
from .times import SECOND

# RFC 3261 section 17.1.2.2, T1: ms after which an unanswered ping is sent again, over UDP.
RESENT_AFTER: Final = 500


class Settings:
    """What is said of the server, for each parameter.

    A change at run time wins over ``modparam``, that over a define in kamailio.cfg, that over the profile,
    and that over the default.
    """

    def __init__(self) -> None:
        self._defined: dict[str, Value] = {}
        self._modparam: dict[str, Value] = {}
        self._run_time: dict[str, Value] = {}
        self._in_force: dict[str, Value] | None = None
        """values(), as long as nobody says anything new"""

    def modparam(self, name: object, value: object) -> None:
        """Take a value from the script.

        Raises: InvalidSetting; then nothing has changed.
        """
        self._modparam[known(name).name] = check(name, value)
        self._in_force = None

    def said(self) -> dict[str, Value]:
        """Return what anybody said of the server; neither defaults nor a profile are that."""
        return {**self._defined, **self._modparam, **self._run_time}

    def text(self, name: str) -> str:
        """Return what is said of a parameter as text, such as an operator writes it."""
        return str(self.said().get(name, PARAMETERS[name].defined))

    def is_said_by(self, name: str, text: str) -> bool:
        """Say whether a text says of a parameter what text() says, in whatever spelling."""
        said = self.said()
        if name not in said and PARAMETERS[name].of_profile:
            return text == ""
        try:
            return bool(check(name, text) == said.get(name, PARAMETERS[name].default))
        except InvalidSetting:
            return False

    def of_script(self) -> Mapping[str, Value]:
        """Return what the script has set until now."""
        return self._modparam.copy()

    def take_back(self, before: Mapping[str, Value]) -> None:
        """Forget what the script has set since of_script() gave that."""
        self._modparam = dict(before)
        self._in_force = None

    def define(self, name: str, text: str) -> None:
        """Take a value that kamailio.cfg gave at the start, as text.

        Raises: InvalidSetting; then nothing has changed.
        """
        _take(self._defined, name, text)
        self._in_force = None

    def change(self, name: str, text: str) -> None:
        """Take a value that an operator set at run time, as text.

        Raises: InvalidSetting; then nothing has changed.
        """
        _take(self._run_time, name, text)
        self._in_force = None

    def values(self) -> dict[str, Value]:
        """Return the value in force of every parameter, to be read only."""
        if self._in_force is None:
            said = self.said()
            defaults = {name: parameter.default for name, parameter in PARAMETERS.items()}
            self._in_force = {**defaults, **PROFILES.get(str(said.get("profile", "")), {}), **said}
        return self._in_force

    def set_by(self, name: str, value: Value) -> str:
        """Return who sets a parameter to the value that is in force.

        Returns: "kamcmd", for whatever is not known here of what was set at run time, "script",
        "kamailio.cfg", "profile" or "default".
        """
        parameter = PARAMETERS[name]
        profile = PROFILES.get(str(self.said().get("profile", "")), {})
        sayings = {
            "script": self._modparam,
            "kamailio.cfg": self._defined,
            "profile": profile,
            "default": {name: parameter.default},
        }
        by = next(by for by, said in sayings.items() if name in said)
        if sayings[by][name] != value:
            return "kamcmd"
        # keepalive-settings.cfg defines all that kamailio.cfg does not.
        return "default" if by == "kamailio.cfg" and value == parameter.default else by

    def profile(self) -> tuple[str, dict[str, Value], dict[str, Value]]:
        """Return the profile's name, "" for none, what it says, and what is said beside it instead."""
        said = self.said()
        name = str(said.get("profile", ""))
        profile = PROFILES.get(name, {})
        return name, profile, {each: said[each] for each in profile if each in said}


def _take(said: dict[str, Value], name: str, text: str) -> None:
    """Take over a text of kamailio.cfg or an operator; an empty one leaves it to the profile."""
    parameter = known(name)
    if text == "" and parameter.of_profile:
        said.pop(parameter.name, None)
    else:
        said[parameter.name] = check(name, text)


class Policy:
    """What is in force for one destination: its own options, then those of its group, then the settings.

    Arguments: settings, by the names of the parameters; options, what the destination has of its own;
    group_options, what its group has.
    """

    def __init__(
        self,
        settings: Mapping[str, Value],
        options: Mapping[str, Value] | None = None,
        group_options: Mapping[str, Value] | None = None,
    ) -> None:
        self.options = dict(options or {})
        """what the destination has of its own"""
        values = Values({**settings, **(group_options or {}), **self.options})
        self.interval = values.ping_interval
        """s (manual, section 2.3.1)"""
        self.interval_pending = _interval_pending(values)
        """s"""
        self.interval_down = values.ping_interval_down or self.interval
        """s"""
        self.jitter = values.ping_jitter / 100
        """a part of the interval"""
        self.timeout = int(min(values.ping_timeout, self.interval * 1000))
        """ms; never longer than the interval, so that pings do not pile up"""
        self.method = values.ping_method
        self.from_uri = values.ping_from
        self.socket = values.ping_socket
        self.proxy = values.outbound_proxy
        self.cluster_nodes = frozenset(values.cluster_nodes.split())
        """nodes of a cluster, by their names: these alone ping it; empty for all"""
        self.slow_start = values.slow_start
        """s"""
        self.expands_names = bool(values.dns_expand)
        self.name_min_alive = values.name_min_alive
        self.callback_targets = bool(values.callback_targets)
        self.check_source = bool(values.ping_check_source)
        self.track = values.track
        """the key of the destination whose pings count in the place of its own, "" for none"""
        headers = [*split_headers(values.ping_headers), f"Max-Forwards: {values.max_forwards}"]
        self.headers = "".join(f"{header}\r\n" for header in headers)
        """as they are sent, beside From and To"""
        self.stale_after = values.stale_after
        """s; 0 for never"""
        self.unknown_as = values.unknown_as
        self.skip_if_fresh = values.ping_skip_if_fresh
        """s; so much shorter than stale_after that a ping is sent before"""
        if self.stale_after:
            self.skip_if_fresh = max(0.0, min(self.skip_if_fresh, self.stale_after - self.interval))
        self.calls = CallCriteria(values.passive_mode, values.passive_min, values.passive_window)
        self.criteria = _criteria(values, self.interval, self.timeout)
        self.reliable_criteria_text = self.criteria.text()
        # Over UDP a ping may be sent more than once.
        self.udp_criteria = self.criteria._replace(resent_after=RESENT_AFTER)
        self.udp_criteria_text = self.udp_criteria.text()
        self._intervals = {
            Pace.REGULAR: int(self.interval * SECOND),
            Pace.PENDING: int(self.interval_pending * SECOND),
            Pace.DOWN: int(self.interval_down * SECOND),
        }

    @property
    def longest_interval(self) -> int:
        """The longest time between two pings, at whatever pace, in us."""
        return max(self._intervals.values())

    def interval_at(self, pace: Pace) -> int:
        """Return the time between two pings at a pace, in us."""
        return self._intervals[pace]


# Of the interval while a change is pending, if nobody says what it is: a part of the interval, and s.
_PENDING_PART: Final = 10
_PENDING_LEAST: Final = 1


def _interval_pending(values: Values) -> float:
    """Return the time between two pings while rise or fall is not reached yet, in s."""
    interval, pending = values.ping_interval, values.ping_interval_pending
    if not isinstance(pending, str):
        return pending or interval
    if values.rise == values.fall == 1:
        return interval
    return min(interval, max(_PENDING_LEAST, interval / _PENDING_PART))


def _criteria(values: Values, interval: float, timeout: int) -> Criteria:
    """Return what decides a destination's state. Arguments: values; interval, in s; timeout, in ms."""
    honored = RETRY_AFTER_INTERVALS if values.honor_retry_after else 0
    return Criteria(
        rise=values.rise,
        fall=values.fall,
        codes=parse_codes(values.ping_reply_codes),
        remove_after=values.remove_after,
        timeout=timeout,
        drain_codes=parse_codes(values.drain_codes),
        drain_time=values.drain_time,
        most_drain=math.ceil(honored * interval),
        flap_limit=values.flap_limit,
        flap_window=values.flap_window,
        flap_hold=values.flap_hold,
        flap_hold_max=max(values.flap_hold, values.flap_hold_max),
    )
