import pytest

from leadcore.receipts import Note, Receipt
from receiver.console.timeline import DroppedValue, Step, build_timeline, find_dropped_values

EMAIL = Note("email", "dropped", "bad")


@pytest.mark.parametrize(
    ("state", "tone"),
    [
        ("created", "good"),
        ("unchanged", "good"),
        ("waiting", "calm"),
        ("parked", "bad"),
        ("of a newer version", "calm"),
    ],
)
def test_the_timeline_starts_with_the_receipt_followed_by_the_state(state: str, tone: str) -> None:
    steps = build_timeline(Receipt("lead", state=state, received_ms=1, written_ms=2, reason="why"))
    assert steps == [Step("received", 1, "good"), Step(state, 2, tone, "why")]


@pytest.mark.parametrize(
    ("message", "step"),
    [
        ("sent", Step("message.sent", 3, "good")),
        ("queued", Step("message.queued", 3)),
        ("silent: quiet hours", Step("message.silent", 3, "calm", "quiet hours")),
        ("failed: a: b", Step("message.failed", 3, "bad", "a: b")),
        ("interrupted: x", Step("message.interrupted", 3, "bad", "x")),
    ],
)
def test_the_last_step_is_the_messages_status(message: str, step: Step) -> None:
    assert build_timeline(Receipt("lead", state="created", message=message, message_ms=3))[-1] == step


@pytest.mark.parametrize(
    ("state", "reason", "names"),
    [
        ("created", "row: why", ["received", "retried", "created", "message.silent"]),
        ("parked", "row: why", ["received", "retried", "parked", "message.silent"]),
        ("waiting", "", ["received", "retried", "waiting", "message.silent"]),
        ("created", "failed: why", ["received", "created", "retried", "message.silent"]),
        ("created", "interrupted: why", ["received", "created", "retried", "message.silent"]),
    ],
)
def test_a_retry_stands_before_what_was_retried_with_what_had_failed(state: str, reason: str, names: list[str]) -> None:
    receipt = Receipt("lead", state=state, message="silent: it is a retry", retried_ms=5, retried_reason=reason)
    steps = build_timeline(receipt)
    assert [one.name for one in steps] == names
    assert Step("retried", 5, "calm", reason) in steps


def test_a_retried_order_says_why_it_had_waited_without_the_code() -> None:
    receipt = Receipt("lead", state="created", order="created", retried_ms=5, retried_reason="parked: row: why")
    steps = build_timeline(receipt)
    assert [step.name for step in steps] == ["received", "created", "retried", "order.created"]
    assert steps[2].why == "why"


def test_what_asks_the_customer_is_no_confirmation() -> None:
    assert build_timeline(Receipt("lead", state="created", message="asked", message_ms=3))[-1] == Step(
        "message.asked", 3
    )


def test_the_time_of_parking_is_given_by_the_caller() -> None:
    assert build_timeline(Receipt("lead", state="parked"), 7)[1].at_ms == 7


def test_a_dropped_value_counts_once_per_lead_the_most_frequent_first() -> None:
    phone = Note("phone", "dropped", "bad")
    found = find_dropped_values(
        [
            Receipt("1", state="created", notes=(EMAIL, EMAIL), message="failed: why"),
            Receipt("2", state="updated", notes=(EMAIL, phone)),
            Receipt("3", state="created", notes=(Note("city", "kept", "newer"),), message="silent: quiet hours"),
            Receipt("4", state="waiting", notes=(EMAIL,)),
        ]
    )
    assert found == [
        DroppedValue("email", "bad", ("1", "2")),
        DroppedValue("phone", "bad", ("2",)),
    ]


@pytest.mark.parametrize(
    ("receipt", "step"),
    [
        (Receipt("lead", received_ms=1), Step("waiting", 1)),
        (Receipt("lead", received_ms=1, retried_ms=4), Step("waiting", 4)),
        (Receipt("lead", state="created", written_ms=2, message="queued"), Step("message.queued", 2)),
        (Receipt("lead", state="updated", written_ms=2, message="silent: x"), Step("message.silent", 2, why="x")),
        (Receipt("lead", state="created", written_ms=2, order="paid", order_ms=5), Step("order.paid", 5, "good")),
        (Receipt("lead", state="created", written_ms=2, note="written", note_ms=5), Step("note.written", 5, "good")),
        (Receipt("lead", state="created", written_ms=2, note="sending"), Step("note.waiting", 2)),
        (
            Receipt("lead", state="created", written_ms=2, order="waiting: x", order_ms=5),
            Step("order.waiting", 5, why="x"),
        ),
    ],
)
def test_each_step_has_its_time(receipt: Receipt, step: Step) -> None:
    assert step in build_timeline(receipt)


def test_what_an_older_version_did_not_time_has_no_time() -> None:
    assert build_timeline(Receipt("lead", state="created", written_ms=2, order="created"))[-1].at_ms is None


def test_a_person_discards_at_the_time_of_the_action() -> None:
    receipt = Receipt("lead", state="discarded", received_ms=1)
    assert build_timeline(receipt, None, {"discard": "malee"}, {"discard": 9})[-1] == Step("discarded", 9, who="malee")
