"""The texts of the console's pages are complete: each in both languages, and each is used."""

import re
from string import Formatter
from typing import get_args
from zoneinfo import ZoneInfo

import pytest

from leadcore import receipts
from leadcore.reasons import reason
from leadcore.store import lines, payments
from leadcore.texts import en, th
from leadcore.verdict import SEVERITIES
from receiver.console import property_labels, translations
from receiver.console.translator import Translator
from tests.conftest import ROOT
from workers.rules.retry import RETRIES, Waits

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
    texts = {CONSOLE / name for name in ("translations.py", "decision_texts.py", "setup_texts.py")}
    elsewhere = "".join(file.read_text() for file in {*CONSOLE.glob("*.py"), *CONSOLE.glob("templates/*.html")} - texts)
    used = {key for key in translations.TEXTS if f'"{key}"' in elsewhere}
    families = (
        "nav.",
        "state.",
        "step.",
        "action.",
        "result.",
        "series.",
        "fields.",
        "flaw.",
        "stages.",
        "setup.",
        "role.",
        "causes.",
        "discard.",
        "payment.",
        "timeline.",
    )
    verdicts = {name for code in SEVERITIES for name in (code, f"{code}.do")}
    assert {key for key in translations.TEXTS.keys() - used - verdicts - whole if not key.startswith(families)} == set()


@pytest.mark.parametrize("code", SEVERITIES)
def test_every_problem_says_what_to_do(code: str) -> None:
    assert translations.TEXTS[code] == (en.PROBLEMS[code], th.PROBLEMS[code])
    assert code == "paused" or f"{'away' if code == 'redis_away' else code}.do" in translations.TEXTS


@pytest.mark.parametrize("code", [code for code, one in RETRIES.items() if one.waits is Waits.LINE])
def test_every_pause_says_what_to_do(code: str) -> None:
    assert (code in en.PAUSES) is (code != "forbidden"), "the reason names the scope"


def test_what_waits_for_a_person_and_what_is_said_of_payments_has_words() -> None:
    nouns = {line.noun for line, _ in lines.each_kept()}
    assert en.KEPT.keys() == {kept.name for _, kept in lines.each_kept() if kept.for_person}
    wanted = {f"discard.{what}.{noun}" for what in ("sure", "what") for noun in nouns}
    assert wanted | {f"payment.{kind}" for kind in get_args(payments.Kind)} <= translations.TEXTS.keys()


def test_every_property_and_state_has_a_label() -> None:
    hidden = {"dealdroid_placeholder", "dealdroid_shorter_1", "dealdroid_shorter_2", "dealdroid_shorter_3"}
    assert property_labels.FIELDS.keys() == {receipts.CONTACT, *receipts.PROPERTIES} - hidden
    states = receipts.STATES
    assert {f"state.{one}" for one in states} | {f"step.{one}" for one in states} <= translations.TEXTS.keys()


@pytest.mark.parametrize(
    ("stored", "text"),
    [
        ("failed: quiet_hours", "Quiet hours"),
        (f"row: {reason('given_up', why=reason('link_refused'), tries=2)}", "HubSpot refused this link; tried 2 times"),
        (f"unusable: {reason('fields_unusable', fields='mid')}", "mid is missing or unusable"),
        ("a_code_to_come", "a_code_to_come"),
        ("", ""),
    ],
)
def test_a_reason_that_stands_alone_begins_like_a_sentence_unless_with_a_name(stored: str, text: str) -> None:
    assert Translator("en", ZoneInfo("Asia/Bangkok")).sentence(stored) == text


@pytest.mark.parametrize(
    ("stored", "english", "thai"),
    [
        ("row: contact_locked", "HubSpot has locked this contact for a moment", "HubSpot ล็อกผู้ติดต่อนี้ชั่วคราว"),
        (
            f"row: {reason('given_up', why=reason('lead_unanswered'), tries=12)}",
            "HubSpot gave no answer for this lead; tried 12 times",
            "HubSpot ไม่ตอบกลับเรื่องลีดนี้ (ลองแล้ว 12 ครั้ง)",
        ),
        ("dry run: nothing_written", "Dry run: nothing was written", "โหมดทดลอง: ไม่ได้บันทึกจริง"),
        ("dry run: nothing was written", "Dry run: nothing was written", "โหมดทดลอง: ไม่ได้บันทึกจริง"),
        ("dry run: nothing is sent", "dry run: nothing is sent", "โหมดทดลอง: ไม่ได้ส่งจริง"),
        ("a_code_to_come", "a_code_to_come", "a_code_to_come"),
    ],
)
def test_a_reason_is_said_without_what_it_is_about(stored: str, english: str, thai: str) -> None:
    zone = ZoneInfo("Asia/Bangkok")
    assert (Translator("en", zone).reason(stored), Translator("th", zone).reason(stored)) == (english, thai)
