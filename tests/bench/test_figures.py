"""What the benchmark counts and draws; that it measures anything is for `make bench` to show."""

import json
import os
import subprocess
import sys
from xml.etree import ElementTree

import pytest

from bench import load
from bench.burst import least_seconds
from bench.figure import Figure, number
from bench.picture import draw
from bench.usage import read_usage
from leadcore import event


def test_every_event_of_a_load_is_another_customers_and_about_as_long_as_a_real_one() -> None:
    bodies = list(load.make(0, 50, "tag", "secret"))
    said = [event.read(body) for body in bodies]
    for names in (
        {one.customer_id for one in said},
        {one.mid for one in said},
        {one.contact.email for one in said},
        {one.contact.phone for one in said},
    ):
        assert len(names) == 50
    assert all(1400 < len(body) < 1700 for body in bodies)
    assert not any(b"@number" in body or b"@tag" in body or b"@phone" in body for body in bodies)


@pytest.mark.parametrize(
    ("data", "whole"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]", True),
        (b"HTTP/1.1 200 OK\r\ncontent-length:2\r\ndate: x\r\n\r\n[]", True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[", False),
        (b"HTTP/1.1 200 OK\r\nContent-Len", False),
    ],
)
def test_an_answer_ends_where_its_length_says(data: bytes, whole: bool) -> None:
    assert load.is_whole(data) is whole


def test_an_answer_other_than_200_ends_the_load() -> None:
    with pytest.raises(RuntimeError, match="403"):
        load.is_whole(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")


def test_a_load_sends_each_request_once_over_kept_connections() -> None:
    with load.nothing() as url:
        events = [load.request(url, body) for body in load.make(0, 100, "t", "s")]
        assert len(load.fire(url, events, connections=3)) == 100


@pytest.mark.parametrize(
    ("bound", "value", "target", "reached"),
    [
        ("at least", 0.45, 0.45, True),
        ("at least", 0.44, 0.45, False),
        ("at most", 1.35, 1.35, True),
        ("at most", 1.36, 1.35, False),
        ("at most", 0, 0, True),
        ("at most", 1, 0, False),
        ("at least", 1, None, None),
    ],
)
def test_a_figure_knows_whether_it_reached_its_target(
    bound: str, value: float, target: float | None, reached: bool | None
) -> None:
    assert Figure("g", "n", value, "x", bound, target).reached is reached  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0"), (12345.6, "12,346"), (0.4567, "0.457"), (0.0105, "0.0105"), (1.125, "1.12")]
)
def test_a_figure_is_shown_with_three_digits(value: float, text: str) -> None:
    assert number(value) == text


@pytest.mark.parametrize(
    ("leads", "seconds"), [(1, 0.2), (10_000, 0.2), (10_001, 10.2), (20_000, 10.2), (50_000, 40.2), (50_001, 50.2)]
)
def test_the_quota_lets_a_hundred_calls_of_a_hundred_leads_go_in_ten_seconds(leads: int, seconds: float) -> None:
    assert least_seconds(leads) == pytest.approx(seconds)


def test_the_picture_is_an_svg_that_names_every_figure_with_a_target() -> None:
    figures = [
        Figure("One <group>", "fast & good", 2.0, "x", "at least", 1.0),
        Figure("One <group>", "too slow", 30.0, "ms", "at most", 15.0),
        Figure("Another", "beside", 1.0),
        Figure("Another", "none at all", 0, "", "at most", 1.0),
    ]
    root = ElementTree.fromstring(draw(figures))  # noqa: S314 - drawn by us
    texts = [each.text for each in root.iter("{http://www.w3.org/2000/svg}text")]
    assert {"One <group>", "fast & good", "too slow"} <= set(texts)
    assert "beside" not in texts
    bars = [each.attrib for each in root.iter("{http://www.w3.org/2000/svg}rect")]
    assert [bar["class"] for bar in bars] == ["reached", "missed", "reached"]
    assert int(bars[0]["width"]) == 4 * int(bars[1]["width"])


def test_a_figure_can_be_written_as_json() -> None:
    assert json.loads(json.dumps(Figure("g", "n", 1.0, "x", "at least", 0.5).as_dict()))["reached"] is True


@pytest.mark.processes
def test_a_process_has_used_time_and_memory() -> None:
    used = read_usage(os.getpid())
    assert used.seconds > 0
    assert used.largest > 10_000_000


@pytest.mark.skipif(sys.platform != "linux", reason="ps does not tell what ended children used")
@pytest.mark.processes
def test_what_an_ended_child_used_is_counted_but_not_as_its_parents() -> None:
    before = read_usage(os.getpid())
    work = "import time\nwhile time.process_time() < 0.2: pass"
    subprocess.run([sys.executable, "-c", work], check=True)
    after = read_usage(os.getpid())
    aside = [usage.seconds - usage.main for usage in (before, after)]
    assert aside[1] - aside[0] >= 0.19
