"""A lead's attempts on its page."""

from leadcore.receipts import Attempt, pack_attempt
from leadcore.store import keys
from tests.receiver.console.conftest import ConsoleUser

NOW = 1_772_000_000_000
ID = "0ad5ab5c-8a09-4d0c-9d0f-4a0e0e6f5f0c"


def add_attempt(user: ConsoleUser, number: int, attempt: Attempt) -> None:
    name, value = pack_attempt(number, attempt)
    user.redis.hset(keys.receipt("lead-1"), name, value)


def test_a_lead_shows_the_attempts_that_failed(user: ConsoleUser) -> None:
    user.add_lead("lead-1", customer_id="c-1", state="waiting", tries=1)
    add_attempt(user, 0, Attempt(NOW, NOW + 2000, "400", "VALIDATION_ERROR", ID))
    add_attempt(user, 1, Attempt(NOW + 2000, None, category="race"))
    page = user.read("leads/lead-1")
    for shown in ("Failed attempts", "<td>400</td>", "VALIDATION_ERROR", ID, "race", "a person retries"):
        assert shown in page
    assert page.count("2026-02-25T13:13:22") == 2, "the next try of the first is the time of the second"
    assert "ครั้งที่ไม่สำเร็จ" in user.read("leads/lead-1", **{"Accept-Language": "th"})


def test_a_lead_that_never_failed_shows_no_attempts(user: ConsoleUser) -> None:
    user.add_lead("lead-1", customer_id="c-1", state="created")
    assert 'id="attempts"' not in user.read("leads/lead-1")


def test_a_lead_names_who_retried_it(user: ConsoleUser) -> None:
    for lead in ("lead-1", "lead-2"):
        user.park(lead)
    assert user.submit("retry", lead="lead-1").headers["Location"].endswith("done=1")
    assert "by console" in user.read("leads/lead-1")
    assert "by console" not in user.read("leads/lead-2")
