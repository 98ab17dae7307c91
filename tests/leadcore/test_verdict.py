"""What is wrong is decided once, and no two findings contradict each other."""

from dataclasses import replace
from typing import Any

import pytest

from leadcore.endpoint import STOPPED, Endpoint
from leadcore.receipts import Note, Receipt
from leadcore.required import Requirement
from leadcore.store import keys
from leadcore.store.condition import Condition
from leadcore.store.stages import StageStatus
from leadcore.store.status import Status
from leadcore.texts import en
from leadcore.verdict import BAD, LATE_MS, SEVERITIES, SHORT_PAUSE_MS, WARN, Problem, assess, find_flaws, is_bad

NOW = 1_772_000_000_000
TOKEN = {"code": "unauthorized", "reason": "HubSpot refuses the token.", "until_ms": NOW, "since_ms": NOW - 1}
AWAY = {"code": "unavailable", "reason": "HubSpot is away.", "until_ms": NOW, "since_ms": NOW - 1}


def status(**more: Any) -> Status:
    waiting = {
        keys.INBOX: "waiting",
        keys.OUTBOX: "messages",
        keys.ORDERS: "orders",
        keys.PAYMENTS: "payments",
        keys.NOTES: "notes",
    }
    paused = {
        keys.INBOX: "pause",
        keys.OUTBOX: "messages_pause",
        keys.ORDERS: "orders_pause",
        keys.PAYMENTS: "payments_pause",
        keys.NOTES: "notes_pause",
    }
    depths = {line: [more.pop(name, 0)] for line, name in waiting.items()}
    pauses = {line: more.pop(name, {}) for line, name in paused.items()}
    kept = {name: more.pop(name, 0) for name in ("parked", "held", "unsent")}
    return Status(now_ms=NOW, depths=depths, pauses=pauses, kept=kept, **{"workers": 1, **more})


NOT_BESIDE_OTHERS = ("redis_away", "redis_disk", "redis_replica", "late", "dry_run", "partly_dry")


def codes(given: Status | None, **more: Any) -> list[str]:
    return [one.code for one in assess(given, **more)]


def test_a_line_that_works_has_no_problem() -> None:
    assert assess(status(waiting=3, messages=2, oldest_ms=NOW - 1000, last_post_ms=NOW)) == []
    assert assess(status(waiting=500, redis=Condition(used=95, limit=100, policy="noeviction"))) == []
    assert assess(status(redis=Condition(used=95, policy="allkeys-lru"))) == [], "without a limit nothing is deleted"


@pytest.mark.parametrize("code", ["paused", "unavailable", ""])
def test_customers_who_are_told_a_little_later_are_no_problem(code: str) -> None:
    assert assess(status(stages=StageStatus(9, 0, NOW, code, "the reason", NOW - 59_000))) == []
    assert assess(status(stages=StageStatus(9, 0, NOW, "paused", "the reason", 0))) == []


@pytest.mark.parametrize(
    ("more", "code", "n"),
    [
        ({"workers": 0}, "no_workers", 0),
        ({"pause": TOKEN}, "paused", 0),
        ({"refused_today": 15}, "refused", 15),
        ({"oldest_ms": NOW - LATE_MS - 1000}, "late", 61),
        ({"messages_pause": AWAY, "messages": 1}, "messages_paused", 0),
        ({"orders_pause": AWAY, "orders": 1}, "orders_paused", 0),
        ({"payments_pause": AWAY, "payments": 1}, "payments_paused", 0),
        ({"notes_pause": AWAY, "notes": 1}, "notes_paused", 0),
        ({"parked": 2, "unsent": 3}, "parked", 5),
        ({"required": [Requirement("company", "Company name", "create")]}, "required", 1),
        ({"dry_workers": 1, "held": 4}, "dry_run", 0),
        ({"workers": 2, "dry_workers": 1, "held": 4}, "partly_dry", 0),
        ({"held": 4}, "held", 4),
        ({"redis": Condition(used=96, limit=100)}, "redis_full", 96),
        ({"redis": Condition(used=81, limit=100), "waiting": 501}, "redis_full", 81),
        ({"redis": Condition(limit=100, policy="volatile-lru")}, "redis_evicts", 0),
        ({"redis": Condition(disk_fails=True)}, "redis_disk", 0),
        ({"redis": Condition(disk_fails=True), "workers": 0}, "redis_disk", 0),
        ({"redis": Condition(is_replica=True), "workers": 0}, "redis_replica", 0),
        ({"stages": StageStatus(9, 2, NOW)}, "stages_held", 2),
        ({"stages": StageStatus(9, 0, NOW, "order_key", "the reason", NOW)}, "stages_wait", 0),
        ({"stages": StageStatus(9, 0, NOW, "unavailable", "the reason", NOW - 60_000)}, "stages_wait", 0),
    ],
)
def test_each_problem_of_the_line_is_found_alone(more: dict[str, Any], code: str, n: int) -> None:
    [problem] = assess(status(**more))
    assert (problem.code, problem.n) == (code, n)


@pytest.mark.parametrize(
    ("kept", "text"),
    [
        ({"parked": 1}, "1 lead needs you"),
        ({"unsent": 1_200}, "1,200 messages need you"),
        ({"parked_orders": 1, "parked_notes": 1}, "1 order and 1 note need you"),
        ({"parked": 2, "unsent": 3, "parked_payments": 1}, "2 leads, 3 messages and 1 payment need you"),
    ],
)
def test_what_waits_for_a_person_is_called_what_it_is(kept: dict[str, int], text: str) -> None:
    [problem] = assess(replace(status(), kept=kept))
    assert problem.text == text


def test_everything_that_can_be_wrong_is_found_the_worst_first() -> None:
    given = status(
        workers=0,
        pause=TOKEN,
        refused_today=1,
        messages_pause=AWAY,
        messages=1,
        orders_pause=AWAY,
        orders=1,
        payments_pause=AWAY,
        payments=1,
        notes_pause=AWAY,
        notes=1,
        parked=1,
        held=1,
        oldest_ms=1,
        required=[Requirement("company", "Company name", "create")],
        endpoints={line: [Endpoint("digest", state=STOPPED)] for line in ("hooks", "notices")},
        stages=StageStatus(9, 2, None, "order_key", "the reason", NOW),
        redis=Condition(used=1, limit=1, policy="allkeys-lru"),
    )
    found = codes(given, spooled=2, foreign=1, disk_trouble="It is full")
    assert found == [one for one in SEVERITIES if one not in NOT_BESIDE_OTHERS]


def test_what_hubspot_requires_is_named_by_its_label() -> None:
    found = [Requirement("company", "Company name", "create"), Requirement("vat", "vat", "with", ("hs_lead_status",))]
    [problem] = assess(status(required=found))
    assert "Company name (company), vat." in problem.fix


def test_without_redis_only_this_machine_can_be_judged() -> None:
    assert codes(None, spooled=2) == ["redis_away", "spooled"]
    assert codes(status(), foreign=2) == ["foreign"]
    assert codes(None, spooled=None) == ["redis_away", "disk_unusable"]


@pytest.mark.parametrize("more", [{"workers": 0}, {"pause": TOKEN}])
def test_what_stands_still_is_not_called_slow(more: dict[str, Any]) -> None:
    assert "late" not in codes(status(oldest_ms=1, **more))


def test_a_pause_of_messages_matters_only_while_one_waits() -> None:
    assert codes(status(messages_pause=AWAY)) == []


@pytest.mark.parametrize(
    ("pause", "ago", "severity"),
    [
        ("unavailable", 0, WARN),
        ("unavailable", SHORT_PAUSE_MS - 1, WARN),
        ("unavailable", SHORT_PAUSE_MS, BAD),
        ("unauthorized", 0, BAD),
        ("daily_quota", 0, BAD),
    ],
)
def test_a_pause_is_bad_if_a_person_has_to_act_or_if_it_lasts(pause: str, ago: int, severity: str) -> None:
    problems = assess(status(pause={"code": pause, "reason": "Why.", "until_ms": NOW + 1, "since_ms": NOW - ago}))
    assert [one.severity for one in problems] == [severity]
    assert is_bad(problems) is (severity == BAD)


@pytest.mark.parametrize(
    ("line", "code", "advice"),
    [
        ("pause", "daily_quota", "which app uses it up"),
        ("pause", "no_room", "Delete contacts"),
        ("orders_pause", "order_room", "buy room"),
        ("messages_pause", "dealdroid", "DEALDROID_WEBHOOK_URL"),
    ],
)
def test_a_pause_whose_reason_does_not_say_what_to_do_gets_advice(line: str, code: str, advice: str) -> None:
    [problem] = assess(status(**{line: {**AWAY, "code": code}, "messages": 1, "orders": 1}))
    assert "HubSpot is away. " in problem.fix
    assert advice in problem.fix


@pytest.mark.parametrize("code", SEVERITIES)
def test_every_problem_can_be_told_in_words(code: str) -> None:
    one, many = str(Problem(code, 1, "Why.")), str(Problem(code, 1500, "Why."))
    assert "{" not in one + many
    assert "|" not in one + many
    assert ("1,500" in many) is ("{n}" in en.PROBLEMS[code])


def test_refused_posts_are_told_as_what_they_are() -> None:
    assert Problem("refused", 15).text == "15 posts refused today: the secret of an intent is not the one set here"
    assert Problem("refused", 1).text == "1 post refused today: the secret of an intent is not the one set here"


@pytest.mark.parametrize(
    ("receipt", "flaws"),
    [
        (Receipt("a", state="created", message="sent"), []),
        (Receipt("a", state="created", message="waiting: why"), []),
        (Receipt("a", state="updated", message="failed: why"), [("message", "failed")]),
        (Receipt("a", state="unchanged", message="interrupted: why"), [("message", "interrupted")]),
        (Receipt("a", state="created", message="discarded: why"), []),
        (Receipt("a", state="created", notes=(Note("email", "dropped", "bad"),) * 2), [("without", "email")]),
        (
            Receipt("a", state="created", notes=(Note("phone", "dropped", "bad"),), message="failed: why"),
            [("without", "phone"), ("message", "failed")],
        ),
        (Receipt("a", state="updated", notes=(Note("email", "kept", "newer"),)), []),
        (Receipt("a", state="held", notes=(Note("email", "dropped", "bad"),)), []),
        (Receipt("a", state="parked", message="failed: of an earlier event"), []),
        (Receipt("a", state="created", order="parked: refused: why"), [("order", "parked")]),
        (Receipt("a", state="", order="parked: paid_amount: why"), [("payment", "parked")]),
    ],
)
def test_a_written_lead_is_a_plain_success_only_if_all_of_it_arrived(
    receipt: Receipt, flaws: list[tuple[str, str]]
) -> None:
    assert find_flaws(receipt) == flaws
