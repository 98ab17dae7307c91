from receiver.console.chart import HEIGHT, WIDTH, draw

HOUR = 3_600_000


def test_bars_are_side_by_side_on_the_baseline_and_within_the_drawing() -> None:
    counts = [{"created": 5, "updated": 5, "unchanged": 1}, {}, {"parked": 2}, {"created": 1000, "skipped": 1}]
    chart = draw([(number * HOUR, each) for number, each in enumerate(counts)])
    assert [bar.series for bar in chart.bars] == ["written", "nothing", "parked", "written", "nothing"]
    assert all(bar.x >= 0 and bar.x + bar.width <= WIDTH and bar.width > 0 for bar in chart.bars)
    assert all(bar.y >= 0 and bar.y + bar.height <= HEIGHT + 0.01 and bar.height > 0 for bar in chart.bars)
    lowest = {bar.x: max(b.y + b.height for b in chart.bars if b.x == bar.x) for bar in chart.bars}
    assert {round(ground) for ground in lowest.values()} == {HEIGHT}


def test_a_bar_is_as_high_as_its_count() -> None:
    chart = draw([(0, {"created": 50}), (HOUR, {"created": 100})])
    assert round(chart.bars[1].height / chart.bars[0].height, 6) == 2


def test_the_hours_have_the_counts_of_the_drawing() -> None:
    chart = draw([(0, {"created": 1, "updated": 2, "unchanged": 3, "skipped": 4, "parked": 5, "message_sent": 99})])
    assert dict(chart.hours[0].counts) == {"written": 3, "nothing": 7, "parked": 5}
    assert (chart.total, chart.highest) == (15, 15)


def test_a_day_without_leads_is_drawn_without_bars() -> None:
    chart = draw([(0, {}), (HOUR, {"retried": 3})])
    assert (chart.bars, chart.total, chart.highest) == ([], 0, 0)
