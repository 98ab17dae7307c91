"""The catalogue is complete: every text in both languages, and every reason that workers store."""

import re
from string import Formatter
from zoneinfo import ZoneInfo

import pytest

from leadcore import receipts
from leadcore.store import lines
from leadcore.store.parked import FIXES
from leadcore.verdict import DESCRIPTIONS
from receiver.console import property_labels, reason_texts, translations
from receiver.console.translator import Translator
from tests.conftest import ROOT
from workers.hubspot.errors import REASONS
from workers.outbox import sender
from workers.rules import news, plan
from workers.rules.retry import RETRIES, Waits
from workers.sync import identity

CONSOLE = ROOT / "receiver/console"
THAI = re.compile(r"[\u0e00-\u0e7f]")


def placeholders(text: str) -> list[set[str]]:
    """The placeholders of each form of a text."""
    return [{name for _, name, _, _ in Formatter().parse(form) if name} for form in text.split("|")]


@pytest.mark.parametrize("key", translations.TEXTS)
def test_both_languages_have_the_same_placeholders(key: str) -> None:
    english, thai = translations.TEXTS[key]
    assert placeholders(english)[0] == placeholders(thai)[0]
    assert all(each == placeholders(english)[0] for each in [*placeholders(english), *placeholders(thai)])


@pytest.mark.parametrize("key", translations.TEXTS)
def test_every_text_is_translated_into_thai(key: str) -> None:
    assert THAI.search(translations.TEXTS[key][1]) or key == "workers"


def test_every_key_used_exists_and_every_key_is_used() -> None:
    source = "".join(file.read_text() for file in [*CONSOLE.glob("*.py"), *CONSOLE.glob("templates/*.html")])
    whole = set(re.findall(r'text\(\s*["\']([a-z_.]+)["\'][,)]', source))
    assert whole <= translations.TEXTS.keys()
    elsewhere = source
    for name in ("translations.py", "problem_texts.py"):
        elsewhere = elsewhere.replace((CONSOLE / name).read_text(), "")
    used = {key for key in translations.TEXTS if f'"{key}"' in elsewhere}
    families = ("nav.", "state.", "step.", "pause.", "action.", "result.", "series.", "fields.", "flaw.")
    verdicts = {name for code in DESCRIPTIONS for name in (code, f"{code}.do")}
    assert {key for key in translations.TEXTS.keys() - used - verdicts - whole if not key.startswith(families)} == set()


@pytest.mark.parametrize("code", DESCRIPTIONS)
def test_the_console_says_of_a_problem_what_the_commands_say(code: str) -> None:
    english, thai = translations.TEXTS["away" if code == "redis_away" else code]
    assert (english, bool(THAI.search(thai))) == (DESCRIPTIONS[code].text, True)
    assert code == "paused" or f"{'away' if code == 'redis_away' else code}.do" in translations.TEXTS


@pytest.mark.parametrize("code", [code for code, one in RETRIES.items() if one.waits is Waits.LINE])
def test_every_pause_says_what_to_do(code: str) -> None:
    assert f"pause.{code}" in translations.TEXTS


def test_every_fix_is_translated() -> None:
    assert reason_texts.FIXES.keys() - {""} == FIXES.keys()


def test_every_property_and_state_has_a_label() -> None:
    hidden = {"dealdroid_placeholder", "dealdroid_shorter_1", "dealdroid_shorter_2", "dealdroid_shorter_3"}
    assert property_labels.FIELDS.keys() == {receipts.CONTACT, *receipts.PROPERTIES} - hidden
    states = receipts.STATES
    assert {f"state.{one}" for one in states} | {f"step.{one}" for one in states} <= translations.TEXTS.keys()


def reasons_of_workers() -> set[str]:
    """The reasons that are literals in the workers' code, and so in receipts."""
    named = {
        identity.EMAIL_TAKEN,
        identity.EMAIL_SHARED,
        news.NEWER,
        news.LONGER_NAME,
        news.OTHER_VALUE,
        news.ANOTHERS,
        receipts.BY_EMAIL_ONLY,
        *(kept.ended for _, kept in lines.each_kept() if kept.ended),
        plan.UNNAMED,
    }
    found = set(REASONS.values()) | named | {sender.REDIS_RESTARTED.partition(": ")[2]}
    patterns = (
        r'why="([^"{]+)"',
        r'Note\([^"]*"\w+", "\w+", "([^"]+)"\)',
        r'(?:Failed|Unclear|Wait|Refused)\((?:\{\}, )?"([^"]+)"',
    )
    for file in (ROOT / "workers").rglob("*.py"):
        for pattern in patterns:
            found |= set(re.findall(pattern, file.read_text()))
    return found


@pytest.mark.parametrize("text", sorted(reasons_of_workers()))
def test_every_reason_of_the_workers_is_translated(text: str) -> None:
    assert THAI.search(Translator("th", ZoneInfo("Asia/Bangkok")).reason(text))
    assert Translator("en", ZoneInfo("Asia/Bangkok")).reason(text) == text
