import pytest

from bench.pacer import LIMIT, RATES, describe, simulate
from bench.revision import ROOT
from workers.rules.pacer import KEPT


@pytest.mark.parametrize("rate", RATES)
def test_a_free_portals_day_lasts_through_a_morning_rush_and_no_lead_waits_long(rate: float) -> None:
    outcome = simulate(rate)
    assert outcome.leads == pytest.approx(rate * 86_400, abs=2 * 200)
    assert outcome.calls < LIMIT * (1 - KEPT / 2)
    assert outcome.wait(0.5) <= 1
    assert outcome.wait(0.99) <= 5


def test_the_page_tells_what_is_computed() -> None:
    assert describe() in (ROOT / "docs/performance.md").read_text(encoding="utf-8")
