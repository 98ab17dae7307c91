"""What an HTTP answer asks to wait, in both of its forms."""

import pytest

from leadcore.retry_after import read_retry_after

NOW = "Sat, 28 Nov 2026 10:00:00 GMT"


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        (" 7 ", 7.0),
        ("0", 0.0),
        ("1.5", 1.5),
        ("99999", 600.0),
        ("Sat, 28 Nov 2026 10:01:30 GMT", 90.0),
        ("Saturday, 28-Nov-26 10:01:30 GMT", 90.0),
        ("Sat, 28 Nov 2026 12:01:30 +0200", 90.0),
        ("Sat, 28 Nov 2026 09:00:00 GMT", 0.0),
        ("Sun, 29 Nov 2026 10:00:00 GMT", 600.0),
        ("", None),
        ("soon", None),
        ("-1", None),
        ("\u00b2", None),
        ("\u0e57", None),
        ("1_0", None),
        ("9" * 5000, None),
        ("Sat, 28 Nov 2026 10:01:30", None),
        ("Sat, 99 Nov 2026 10:01:30 GMT", None),
    ],
)
def test_seconds_and_dates_are_read(value: str, seconds: float | None) -> None:
    assert read_retry_after(value, NOW, 600.0) == seconds


@pytest.mark.parametrize("date", ["", "now", "Sat, 28 Nov 2026 10:00:00"])
def test_a_date_needs_the_answers_own(date: str) -> None:
    assert read_retry_after("Sat, 28 Nov 2026 10:01:30 GMT", date, 600.0) is None
    assert read_retry_after("5", date, 600.0) == 5.0


def test_our_clock_serves_where_the_answer_has_none() -> None:
    assert read_retry_after("Sat, 28 Nov 2026 10:01:30 GMT", "", 600.0, 1_795_860_000.0) == 90.0
    assert read_retry_after("Sat, 28 Nov 2026 10:01:30 GMT", NOW, 600.0, 0.0) == 90.0
