"""The name that the fake had before it moved."""

from keepalive_testing.ksr import FakeKSR as FakeKSR
from keepalive_testing.ksr import Transaction as Transaction
from keepalive_testing.ksr import Violation as Violation
