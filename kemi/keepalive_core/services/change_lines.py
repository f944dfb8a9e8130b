"""The line of the log that a change of a state or an operator's order gets: a sentence, or a JSON object."""

import logging
from collections.abc import Mapping
from typing import Any, Final

from ..kamailio import kamailio_log
from ..kamailio.kamailio_log import NOTICE
from ..rules import notices
from ..rules.states import STATE_NAMES
from . import announcements, configuration
from .announcements import Change

log = logging.getLogger("keepalive")

_JSON: Final = "json"


def write_change(change: Change, at: int, log_format: str) -> None:
    """Write the one line that a change gets in the log, at NOTICE.

    Arguments: change; at, in epoch seconds; log_format, the parameter's value.
    """
    if log_format == _JSON:
        kamailio_log.write_object(notices.json_line(announcements.notice_of(change, at)))
        return
    old, new = STATE_NAMES[change.old], STATE_NAMES[change.state]
    log.log(NOTICE, "%s %s -> %s: %s", change.uri, old, new, change.reason)


def write_order(noted: Mapping[str, Any], sentence: str) -> None:
    """Write the one line that an operator's order gets, at NOTICE.

    Arguments: noted, the order as it is kept; sentence, the same for people.
    """
    if configuration.values()["log_format"] == _JSON:
        kamailio_log.write_object(notices.json_line(notices.order(noted)))
    else:
        log.log(NOTICE, "%s", sentence)
