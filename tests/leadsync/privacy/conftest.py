"""The orders' line of one worker, as `tests.workers.orders` has it."""

from tests.workers.orders.conftest import database, line, served

__all__ = ["database", "line", "served"]
