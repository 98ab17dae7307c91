"""The page about stages of orders of which a person decides whether the customer is told."""

import re
import time

import pytest

from leadcore.reasons import reason
from leadcore.store import keys, stages
from leadcore.store.stages import StageRecord
from tests.receiver.console.conftest import ConsoleUser
from tests.receiver.console.test_views import TH, text_of

WHY = {"bulk": reason("stage_bulk", most=30), "window": reason("window_over")}


def hold(user: ConsoleUser, order: str, cause: str = "bulk", held_ms: int | None = None) -> None:
    """As the workers hold it."""
    now = int(time.time() * 1000)
    record = StageRecord("b2", "Shipped", f"REF{order}", now - 60_000, cause=cause, why=WHY[cause])
    user.redis.hset(keys.STAGES_ORDERS, order, stages.pack(record))
    user.redis.zadd(keys.STAGES_HELD, {order: now if held_ms is None else held_ms})
    user.redis.hset(keys.STAGES, stages.WAITS, "")


def answers(user: ConsoleUser) -> dict[str, str]:
    return {id.decode(): one.decode() for id, one in user.redis.hgetall(keys.STAGES_ANSWERS).items()}


def test_what_is_held_is_shown_with_its_reason_in_both_languages(user: ConsoleUser) -> None:
    hold(user, "501")
    hold(user, "502", "window")
    assert "2 customers are told of an order's stage once you decide" in text_of(user.read())
    assert "มี 2 ออเดอร์รอให้ตัดสินใจ" in text_of(user.read(**TH))
    english, thai = text_of(user.read("stages")), text_of(user.read("stages", **TH))
    for text in (english, thai):
        assert "REF501" in text
        assert "Shipped" in text
    assert "More than 30 orders were moved within a minute" in english
    assert "The customer was last heard longer ago than window_hours" in english
    assert "อาจเป็นความผิดพลาด" in thai


def test_an_order_is_linked_to_its_page_in_hubspot(user: ConsoleUser) -> None:
    hold(user, "501")
    assert "record/0-123" not in user.read("stages")
    user.redis.hset(keys.PORTAL, mapping={"id": "44000001", "domain": "app.hubspot.com"})
    assert "https://app.hubspot.com/contacts/44000001/record/0-123/501" in user.read("stages")


def test_nothing_is_said_of_stages_where_none_is_held(user: ConsoleUser) -> None:
    assert 'id="stages"' not in user.read()
    assert "Nothing is held" in text_of(user.read("stages"))


@pytest.mark.parametrize(("command", "said"), [("release", "1 customer is told"), ("drop", "1 customer is not told")])
def test_a_button_decides_about_one_order(user: ConsoleUser, command: str, said: str) -> None:
    hold(user, "501")
    hold(user, "502")
    answer = user.submit(f"stages/{command}", order="501")
    assert answer.status_code == 303
    assert answers(user) == {"501": f"{command} b2"}
    page = user.read(answer.headers["Location"].partition("/console/")[2])
    assert said in page
    assert "REF501" not in page
    assert "REF502" in page
    again = user.submit(f"stages/{command}", order="501").headers["Location"].partition("/console/")[2]
    assert "1 was no longer waiting" in user.read(again)
    assert re.search(r"order 501", text_of(user.read("actions")))


def test_a_button_decides_about_all_that_the_page_showed(user: ConsoleUser) -> None:
    now = int(time.time() * 1000)
    for order in ("501", "502"):
        hold(user, order, held_ms=now - 1000)
    hold(user, "503", held_ms=now + 60_000)
    user.submit("stages/release", until=str(now))
    assert answers(user) == {"501": "release b2", "502": "release b2"}


@pytest.mark.parametrize("command", ["release", "drop"])
def test_a_button_decides_nothing_of_a_stage_that_it_did_not_show(user: ConsoleUser, command: str) -> None:
    hold(user, "501")
    form = dict(re.findall(r'name="(order|stage)" value="([^"]*)"', user.read("stages")))
    assert form["order"] == "501"
    moved = StageRecord("b3", "Delivered", "REF501", int(time.time() * 1000), cause="bulk", why=WHY["bulk"])
    user.redis.hset(keys.STAGES_ORDERS, "501", stages.pack(moved))
    user.submit(f"stages/{command}", **form)
    assert answers(user) == {}
    assert user.redis.zscore(keys.STAGES_HELD, "501")


@pytest.mark.parametrize("command", ["release", "drop"])
def test_a_decision_about_all_is_asked_for_once_more(user: ConsoleUser, command: str) -> None:
    """Many are held because moving them may have been a mistake, and what is said in a chat stays."""
    hold(user, "501")
    hold(user, "502")
    asked = user.read("stages").split(f'<details id="{command}-all"')[1].split("</details>")[0]
    assert "Nothing here takes that back." in asked.split("</summary>")[1].split("<button")[0]


@pytest.mark.parametrize("form", [{}, {"until": "x"}, {"order": "999"}, {"order": "", "until": ""}])
def test_a_form_that_means_nothing_does_nothing(user: ConsoleUser, form: dict[str, str]) -> None:
    hold(user, "501")
    assert user.submit("stages/release", **form).status_code == 303
    assert not answers(user)


@pytest.mark.parametrize("command", ["release", "drop"])
def test_a_form_of_another_site_is_refused(user: ConsoleUser, command: str) -> None:
    hold(user, "501")
    assert user.submit(f"stages/{command}", order="501", token="forged").status_code == 403
    assert not answers(user)


def test_it_is_said_why_customers_are_not_told(user: ConsoleUser) -> None:
    held = {stages.WAITS: "order_key", stages.WHY: reason("key_missing", property="dealdroid_told")}
    user.redis.hset(keys.STAGES, mapping={**held, stages.WAITS_SINCE: 1})
    assert "Orders that were moved in HubSpot wait" in text_of(user.read())
    assert "ออเดอร์ที่ย้ายสถานะใน HubSpot กำลังรอ" in text_of(user.read(**TH))
