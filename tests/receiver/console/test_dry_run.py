"""What the console shows in a dry run, and what it does with what was held back."""

import re
import time
from urllib.parse import parse_qs, urlsplit

import pytest

from leadcore.receipts import Note
from leadcore.store import keys
from tests.receiver.console.conftest import TH, ConsoleUser, add_worker, text_of


@pytest.mark.parametrize("path", ["", "leads", "leads/lead-1", "actions", "discard?held=1", "leads/none"])
def test_a_dry_run_is_named_on_every_page_in_both_languages(user: ConsoleUser, path: str) -> None:
    user.hold("lead-1")
    add_worker(user)
    assert 'id="dry-run"' not in user.get(path).text
    add_worker(user, dry=True)
    assert "Dry run: nothing reaches HubSpot" in text_of(user.get(path).text)
    assert "โหมดทดลอง: ไม่มีอะไรเข้า HubSpot" in text_of(user.get(path, **TH).text)


def test_in_a_dry_run_nothing_looks_like_a_success(user: ConsoleUser) -> None:
    add_worker(user, dry=True)
    user.hold("lead-1")
    for count in ("held", "accepted"):
        user.redis.hincrby(keys.hour(int(user.redis.time()[0]) // 3600), count, 3)
    text = text_of(user.read())
    assert "Everything works" not in text
    assert "reach HubSpot within seconds" not in text
    assert "Written today 0 0 new contacts" in text
    assert "None of the newest leads is in HubSpot." in text
    assert "Nothing was left out" not in text
    assert "Hour Written Nothing new Needed you Held back" in text
    assert "Write" not in re.sub("Written|written", "", text.split("Held back")[1].split("The last 24")[0])


def test_the_chart_names_held_leads_only_where_there_are_some(user: ConsoleUser) -> None:
    user.redis.hset(keys.hour(int(time.time()) // 3600), mapping={"created": 4})
    chart = text_of(user.read()).partition("The last 24 hours")[2].partition("Worth a look")[0]
    assert "Needed you" in chart
    assert "Held back" not in chart


def test_after_the_dry_run_what_was_held_back_is_written_with_one_press(user: ConsoleUser) -> None:
    add_worker(user)
    user.hold("lead-1")
    user.hold("lead-2")
    text = text_of(user.read())
    assert "2 leads are held back since the dry run" in text
    assert "Write all 2" in text
    answer = user.submit("retry", held="1")
    assert parse_qs(urlsplit(answer.headers["Location"]).query) == {"command": ["retry"], "done": ["2"]}
    assert {user.state(one) for one in ("lead-1", "lead-2")} == {"waiting"}
    assert "Everything works" in user.read()


def test_in_a_dry_run_a_retry_says_that_leads_stay_held_back(user: ConsoleUser) -> None:
    add_worker(user, dry=True)
    user.hold("lead-1")
    answer = user.submit("retry", held="1")
    query = urlsplit(answer.headers["Location"]).query
    assert parse_qs(query) == {"command": ["retry"], "dry": ["1"]}
    assert "1 stays held back: the dry run goes on." in user.read(f"?{query}")
    assert user.state("lead-1") == "held"


def test_a_held_lead_says_what_would_be_written_and_can_be_found_by_its_state(user: ConsoleUser) -> None:
    add_worker(user)
    user.hold("lead-1", fields=("firstname",), notes=(Note("email", "dropped", "it is not a valid email address"),))
    user.add_lead("lead-2", customer_id="c-2", state="created")
    listed = text_of(user.read("leads?state=held"))
    assert ("c-lead-1" in listed, "c-2 " in listed) == (True, False)
    page = text_of(user.read("leads/lead-1"))
    assert "Held back by the dry run; not in HubSpot" in page
    assert "Would be written: First name" in page
    assert "Written: First name" not in page
    assert "is on the contact" not in page
    assert "Once DRY_RUN is unset and the workers are restarted, retry. Retry Discard…" in page
    add_worker(user, dry=True)
    assert "retry. Discard…" in text_of(user.read("leads/lead-1"))
    thai = text_of(user.read("leads/lead-1", **TH))
    assert "จะบันทึก: ชื่อ" in thai
    assert "โหมดทดลอง: ไม่ได้บันทึกจริง" in thai


def test_held_leads_are_discarded_after_a_question(user: ConsoleUser) -> None:
    user.hold("lead-1")
    asked = user.read("discard?held=1")
    assert "Discard 1 lead?" in asked
    assert "never reaches HubSpot" in asked
    form = dict(re.findall(r'name="(\w+)" value="([^"]*)"', asked))
    user.hold("later")
    user.redis.zadd(keys.HELD, {"later": int(form["until"]) + 1})
    user.submit("discard", **{name: value for name, value in form.items() if name != "token"})
    assert [user.state(one) for one in ("lead-1", "later")] == ["discarded", "held"]


def test_a_dry_run_of_some_workers_is_not_told_as_one_of_all(user: ConsoleUser) -> None:
    add_worker(user)
    now = time.time() * 1000
    user.redis.zadd(keys.WORKERS, {"dry": now})
    user.redis.zadd(keys.DRY_WORKERS, {"dry": now})
    for path in ("", "leads"):
        text = text_of(user.read(path))
        assert text.count("Dry run on some workers") == 1
        assert "nothing reaches HubSpot" not in text
