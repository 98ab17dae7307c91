"""Pure: what the newest leads say of today."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from statistics import median

from leadcore.orders.money import from_units
from leadcore.receipts import WRITTEN, Receipt
from leadcore.store.orders import OrderState

# Intents that are listed.
MOST_INTENTS = 8


@dataclass(frozen=True, slots=True)
class Today:
    """`leads`: how many of the newest leads came today; `is_all`: all of today's are among them. `speed_ms`: the median
    from received to written, None if none was; leads that a person retried are left out. `references`: of the orders
    that they are about."""

    leads: int
    is_all: bool
    speed_ms: int | None
    intents: Sequence[tuple[str, int]]
    references: Sequence[str]


def sum_up(newest: Sequence[Receipt], midnight_ms: int, *, is_all: bool) -> Today:
    """`newest`: leads, newest first; `is_all`: there are no others."""
    leads = [one for one in newest if (one.received_ms or 0) >= midnight_ms]
    speeds = [
        max(0, one.written_ms - (one.received_ms or 0))
        for one in leads
        if one.state in WRITTEN and one.written_ms and not one.retried_ms
    ]
    return Today(
        leads=len(leads),
        is_all=is_all or len(leads) < len(newest),
        speed_ms=round(median(speeds)) if speeds else None,
        intents=Counter(one.intent for one in leads if one.intent).most_common(MOST_INTENTS),
        references=list(dict.fromkeys(one.order_ref for one in leads if one.order_ref)),
    )


def add_up(orders: Iterable[OrderState]) -> dict[str, Decimal]:
    """Currency -> what these orders come to, without cancelled ones and those whose total is not known."""
    totals: dict[str, Decimal] = {}
    for one in orders:
        if one.units and one.currency and not (one.cancelled or one.called_off):
            totals[one.currency] = totals.get(one.currency, Decimal()) + from_units(one.units, one.currency)
    return totals
