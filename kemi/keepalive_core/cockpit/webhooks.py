"""Webhooks: KEEPALIVE_WEBHOOK is read, and the log told of what did not arrive."""

import logging
from collections.abc import Iterable
from typing import Final

from ..kamailio import clock, variables
from ..rules import webhook
from ..rules.minutely import Minutely
from .couriers import Courier, Failures, Means

log = logging.getLogger("keepalive")

_minutely: Final = Minutely()
_told: Final[dict[Courier, Failures]] = {}
_at_work: Final[list[Courier]] = []


def couriers() -> list[Courier]:
    """Return a courier for each URL of KEEPALIVE_WEBHOOK, at work; what is wrong with one is told."""
    receivers, refused = webhook.receivers(_defined("webhook"))
    for sentence in refused:
        log.error("%s", sentence)
    means = Means(_defined("webhook_secret_file"), _defined("webhook_ca"))
    for receiver in receivers:
        log.info("changes are told to %s", receiver.shown)
    _at_work[:] = [Courier(receiver, means) for receiver in receivers]
    return list(_at_work)


def _defined(name: str) -> str:
    try:
        return (variables.defined(name) or "").strip()
    except variables.Unreadable as error:
        log.error("KEEPALIVE_%s is ignored: %s", name.upper(), error)
        return ""


def report(all_couriers: Iterable[Courier]) -> None:
    """Tell of what did not arrive, of each URL once a minute at the most."""
    for courier in all_couriers:
        failures, told = courier.failures, _told.get(courier, Failures())
        if failures != told and _minutely.may_tell(courier.receiver.url, clock.now()):
            _told[courier] = failures
            lost = webhook.loss(
                failures.tries - told.tries,
                failures.given_up - told.given_up,
                failures.left_out - told.left_out,
                failures.reason,
            )
            log.warning("webhook %s: %s", courier.receiver.shown, lost)


def failures() -> dict[str, Failures]:
    """Return what went wrong with each URL, by what is shown of it, which some may have in common."""
    found: dict[str, Failures] = {}
    for courier in _at_work:
        seen, more = found.get(courier.receiver.shown, Failures()), courier.failures
        found[courier.receiver.shown] = Failures(
            *(seen.tries + more.tries, seen.given_up + more.given_up, seen.left_out + more.left_out)
        )
    return found
