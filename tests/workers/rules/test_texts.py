from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadcore.config import Config, Messages, parse
from leadcore.errors import ConfigError
from leadcore.reasons import reason
from workers.rules.texts import (
    BUILT_IN,
    MAX_LENGTH,
    SAMPLES,
    ConfirmationContext,
    MessageTemplates,
    choose_case,
    find_silence_reason,
)

BANGKOK = ZoneInfo("Asia/Bangkok")
MINUTE = 60_000


def context(**said: object) -> ConfirmationContext:
    plain: dict[str, object] = {
        "intent": "Purchase",
        "language": "en",
        "contact_saved": False,
        "address_saved": False,
        "email_refused": False,
        "missing": "",
        "values": {},
    }
    return ConfirmationContext(**{**plain, **said})  # type: ignore[arg-type]


def moment(clock: str) -> int:
    """`clock` (HH:MM) of a day in Bangkok, in ms since 1970."""
    return int(datetime.fromisoformat(f"2026-03-01T{clock}:30+07:00").timestamp() * 1000)


@pytest.mark.parametrize(
    ("said", "case"),
    [
        ({}, None),
        ({"missing": "phone"}, None),
        ({"contact_saved": True}, "details_saved"),
        ({"contact_saved": True, "address_saved": True}, "details_saved"),
        ({"address_saved": True}, "address_saved"),
        ({"address_saved": True, "missing": "phone"}, "something_missing"),
        ({"contact_saved": True, "missing": "address"}, "something_missing"),
        ({"contact_saved": True, "missing": "shoe size"}, "details_saved"),
        ({"email_refused": True}, "email_refused"),
        ({"address_unclear": True}, "address_unclear"),
        (
            {"address_unclear": True, "contact_saved": True, "address_saved": True, "missing": "phone"},
            "address_unclear",
        ),
        ({"address_unclear": True, "email_refused": True}, "email_refused"),
        ({"email_refused": True, "contact_saved": True, "address_saved": True, "missing": "phone"}, "email_refused"),
    ],
)
def test_only_the_most_urgent_case_is_chosen(said: dict[str, object], case: str | None) -> None:
    assert choose_case(context(**said)) == case


@pytest.mark.parametrize(
    ("language", "default", "expected"),
    [
        ("th", "en", "th"),
        ("TH", "en", "th"),
        ("th-TH", "en", "th"),
        ("en", "th", "en"),
        ("en_US", "th", "en"),
        ("zh", "th", "en"),
        ("tha", "th", "en"),
        ("", "th", "th"),
        ("", "en", "en"),
    ],
)
def test_the_customer_is_written_to_in_thai_or_english(language: str, default: str, expected: str) -> None:
    texts = MessageTemplates.compile(parse(f'messages.default_language = "{default}"'))
    assert texts.render(context(language=language, address_saved=True)) == BUILT_IN[expected]["address_saved"]  # type: ignore[index]


@pytest.mark.parametrize(
    ("language", "missing", "expected"),
    [
        ("th", "phone", "ได้รับข้อมูลแล้วค่ะ รบกวนส่งเบอร์โทรศัพท์ด้วยนะคะ"),
        ("th", "address", "ได้รับข้อมูลแล้วค่ะ รบกวนส่งที่อยู่จัดส่งด้วยนะคะ"),
        ("th", "name", "ได้รับข้อมูลแล้วค่ะ รบกวนส่งชื่อด้วยนะคะ"),
        ("th", "email", "ได้รับข้อมูลแล้วค่ะ รบกวนส่งอีเมลด้วยนะคะ"),
        ("en", "phone", "Got it, thank you. Could you also send your phone number?"),
        ("en", "address", "Got it, thank you. Could you also send your delivery address?"),
    ],
)
def test_what_is_missing_is_named_in_the_language_of_the_message(language: str, missing: str, expected: str) -> None:
    texts = MessageTemplates.compile(Config())
    assert texts.render(context(language=language, missing=missing, contact_saved=True)) == expected


CUSTOM = """
[messages.texts.en]
details_saved = "Saved, {{firstname}}."
address_saved = ""
[intents.Purchase.texts.en]
details_saved = "Thanks{% if firstname %}, {{firstname}}{% endif %}!"
[intents."".texts.en]
details_saved = "Nameless"
"""


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"contact_saved": True, "values": {"firstname": "Mary & <Jo>"}}, "Thanks, Mary & <Jo>!"),
        ({"contact_saved": True, "values": {"firstname": "{{phone}}"}}, "Thanks, {{phone}}!"),
        ({"contact_saved": True}, "Thanks!"),
        ({"contact_saved": True, "intent": "Other", "values": {"firstname": "Jo"}}, "Saved, Jo."),
        ({"contact_saved": True, "intent": ""}, "Nameless"),
        ({"contact_saved": True, "language": "th"}, BUILT_IN["th"]["details_saved"]),
        ({"address_saved": True}, ""),
    ],
)
def test_the_text_of_the_intent_goes_before_that_of_the_shop_before_the_built_in_one(
    said: dict[str, object], expected: str
) -> None:
    assert MessageTemplates.compile(parse(CUSTOM)).render(context(**said)) == expected


@pytest.mark.parametrize(
    "template",
    [
        "{{ fistname }}",
        "{% if firstname == 'nobody' %}{{ fistname }}{% endif %}",
        "{{ firstname",
        "{% if %}",
        "{{ firstname.__class__ }}",
        "{% if firstname == 'nobody' %}{{ firstname.__class__ }}{% endif %}",
        "{{ firstname['__class__'] }}",
        "{{ firstname|attr('__class__') }}",
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ lipsum.__globals__ }}",
        "{{ firstname.nothing }}",
        "{{ 1 // (firstname|length) }}",
        "{% include 'other' %}",
    ],
)
def test_a_template_that_cannot_be_used_stops_the_start_and_is_named(template: str) -> None:
    source = f"[intents.'Ask price'.texts.en]\naddress_saved = '''{template}'''"
    with pytest.raises(ConfigError, match=r'intents\."Ask price"\.texts\.en\.address_saved: .+'):
        MessageTemplates.compile(parse(source))


def test_a_broken_template_is_explained_in_a_sentence_with_one_full_stop() -> None:
    with pytest.raises(ConfigError, match=r"'end of print statement'\.$"):
        MessageTemplates.compile(parse("messages.texts.th.email_refused = '{{ phone '"))


def test_a_template_of_the_shop_is_named_without_an_intent() -> None:
    with pytest.raises(ConfigError, match=r"^messages\.texts\.th\.email_refused: there is no \{\{phonee\}\};"):
        MessageTemplates.compile(parse("messages.texts.th.email_refused = '{{phonee}}'"))


def test_a_template_that_fails_on_a_value_gives_way_to_the_built_in_text() -> None:
    texts = MessageTemplates.compile(
        parse("""messages.texts.en.something_missing = '{{ 1 // ((firstname|length) - 3) }}'""")
    )
    said = context(contact_saved=True, missing="phone", values={"firstname": "Joe"})
    assert texts.render(said) == "Got it, thank you. Could you also send your phone number?"


EVERYTHING = " ".join(f"{{{{{name}}}}}" for name in SAMPLES)
TALKATIVE = MessageTemplates.compile(parse(f"messages.texts.en.details_saved = '{EVERYTHING}'"))


@given(
    st.builds(
        ConfirmationContext,
        intent=st.text(),
        language=st.sampled_from(["", "th", "en", "zh"]) | st.text(),
        contact_saved=st.booleans(),
        address_saved=st.booleans(),
        email_refused=st.booleans(),
        missing=st.sampled_from(["", "name", "phone", "address", "email"]) | st.text(),
        values=st.dictionaries(st.sampled_from([*SAMPLES, "self", "other"]), st.text() | st.just("ยาว" * 1000)),
    )
)
def test_any_text_makes_a_message_of_bearable_length_or_none(said: ConfirmationContext) -> None:
    message = TALKATIVE.render(said)
    assert len(message) <= MAX_LENGTH
    assert message == message.strip()
    if choose_case(said) is None:
        assert message == ""


@pytest.mark.parametrize(
    ("age", "limit", "reason"),
    [
        (0, 60, ""),
        (-5 * MINUTE, 60, ""),
        (60 * MINUTE, 60, ""),
        (60 * MINUTE + 1, 60, reason("too_old", minutes=60)),
        (23 * 60 * MINUTE, 5000, ""),
        (23 * 60 * MINUTE + 1, 5000, reason("too_old", minutes=1380)),
    ],
)
def test_an_old_event_is_not_answered(age: int, limit: int, reason: str) -> None:
    # Built without `parse`, which would refuse the limit of 5,000: the hard limit holds here too.
    config = Config(messages=Messages(confirm_max_age=limit))
    now = moment("12:00")
    assert find_silence_reason(now, now - age, config, BANGKOK) == reason


@pytest.mark.parametrize(
    ("source", "intent", "reason"),
    [
        ("", "Purchase", ""),
        ("messages.enabled = false", "Purchase", reason("messages_off")),
        ("intents.Purchase.confirm = false", "Purchase", reason("messages_off_for_intent")),
        ("intents.Purchase.confirm = false", "Other", ""),
    ],
)
def test_messages_can_be_switched_off(source: str, intent: str, reason: str) -> None:
    assert find_silence_reason(0, 0, parse(source), BANGKOK, intent) == reason


@pytest.mark.parametrize(
    ("hours", "clock", "quiet"),
    [
        (("21:00", "08:00"), "20:59", False),
        (("21:00", "08:00"), "21:00", True),
        (("21:00", "08:00"), "00:00", True),
        (("21:00", "08:00"), "07:59", True),
        (("21:00", "08:00"), "08:00", False),
        (("12:00", "13:00"), "12:30", True),
        (("12:00", "13:00"), "13:00", False),
        (("12:00", "13:00"), "11:59", False),
        (("12:00", "12:00"), "12:00", False),
    ],
)
def test_quiet_hours_are_kept_in_local_time_and_may_cross_midnight(
    hours: tuple[str, str], clock: str, quiet: bool
) -> None:
    config = Config(messages=Messages(quiet_hours=hours))
    why = find_silence_reason(moment(clock), moment(clock), config, BANGKOK)
    assert why == (reason("quiet_hours") if quiet else "")


CLOCK = st.integers(0, 1439)


@given(begin=CLOCK, end=CLOCK, now=CLOCK)
def test_every_minute_walked_from_begin_to_end_is_quiet(begin: int, end: int, now: int) -> None:
    hours = tuple(f"{minute // 60:02}:{minute % 60:02}" for minute in (begin, end))
    config = Config(messages=Messages(quiet_hours=hours))  # type: ignore[arg-type]
    midnight = datetime(2026, 3, 1, tzinfo=BANGKOK)
    now_ms = int((midnight + timedelta(minutes=now)).timestamp() * 1000)
    walked = (now - begin) % 1440 < (end - begin) % 1440
    assert find_silence_reason(now_ms, now_ms, config, BANGKOK) == (reason("quiet_hours") if walked else "")
