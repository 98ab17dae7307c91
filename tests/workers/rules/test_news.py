"""Promise 3: the newest value wins, and a salesperson's edit stays until the customer sends a new value."""

import pytest
from msgspec import structs

from tests.workers.rules.crm import BANGKOK, CHIANG_MAI, DIGEST, MINUTE, Crm, at, visit
from workers.rules.customer import UNKNOWN, Customer
from workers.rules.field_clock import NEWER, SEEN, digester
from workers.rules.mapping.mapped_event import MappedEvent
from workers.rules.mapping.property_names import PLACEHOLDER, UNSAVED
from workers.rules.news import ACTIVITY_MS, LONGER_NAME, find_news, protect_existing_values


def email(value: str) -> MappedEvent:
    return MappedEvent(details={"email": value})


def named(first: str, last: str = "") -> MappedEvent:
    return MappedEvent(details={key: value for key, value in (("firstname", first), ("lastname", last)) if value})


def address(**parts: str) -> MappedEvent:
    return MappedEvent(address=parts)


# One value


def test_the_first_value_is_written_and_a_repeated_one_is_not() -> None:
    crm = Crm()
    crm.deliver((at(1), email("a@x.th")))
    news = crm.deliver((at(2), email("a@x.th")))
    assert crm.writes == [{"email": "a@x.th"}, {}]
    assert not news


def test_an_older_value_that_comes_late_is_not_written_and_is_noted() -> None:
    crm = Crm()
    crm.deliver((at(2), email("new@x.th")))
    news = crm.deliver((at(1), email("old@x.th")))
    assert crm.values == {"email": "new@x.th"}
    assert [(n.property, n.what, n.why) for n in news.notes[0]] == [("email", "kept", NEWER)]


def test_a_repeated_value_still_counts_as_the_newest() -> None:
    """A at 1, A again at 3, then a late B of 2."""
    crm = Crm()
    for event in ((at(1), email("a@x.th")), (at(3), email("a@x.th")), (at(2), email("b@x.th"))):
        crm.deliver(event)
    assert crm.values == {"email": "a@x.th"}


def test_a_salespersons_edit_stands_until_the_customer_says_something_new() -> None:
    crm = Crm()
    crm.deliver((at(1), email("a@x.th")))
    crm.values["email"] = "edited@x.th"
    crm.deliver((at(2), email("a@x.th")))
    assert crm.values["email"] == "edited@x.th"
    crm.deliver((at(3), email("b@x.th")))
    assert crm.values["email"] == "b@x.th"


def test_a_property_that_the_event_lacks_is_not_touched() -> None:
    crm = Crm()
    crm.deliver((at(1), MappedEvent(details={"email": "a@x.th", "phone": "+66812345678"})))
    crm.deliver((at(2), email("b@x.th")))
    assert crm.writes[1] == {"email": "b@x.th"}


def test_each_write_of_a_batch_is_attributed_to_the_event_that_carries_it() -> None:
    events = [
        (at(1), MappedEvent(details={"email": "a@x.th", "phone": "+66812345678"})),
        (at(2), email("b@x.th")),
        (at(3), email("b@x.th")),
    ]
    news = find_news(UNKNOWN, events, DIGEST)
    assert news.by_event == [{"phone"}, {"email"}, frozenset()]
    assert news.writes == {"email": "b@x.th", "phone": "+66812345678"}


# The name


@pytest.mark.parametrize("order", [(0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)])
@pytest.mark.parametrize(
    ("told", "name"),
    [
        ([named("สมชาย", "ใจดี"), named("สมชาย"), named("ชาย")], {"firstname": "สมชาย", "lastname": "ใจดี"}),
        ([named("สมชาย"), named("สมชาย", "ใจดี"), named("ชาย")], {"firstname": "สมชาย", "lastname": "ใจดี"}),
        ([named("สมชาย"), named("ชาย"), named("สมชาย", "ใจดี")], {"firstname": "สมชาย", "lastname": "ใจดี"}),
        ([named("สมชาย", "ใจดี"), named("Ann", "Lee"), named("ชาย")], {"firstname": "Ann", "lastname": "Lee"}),
        ([named("A"), named("B"), named("C")], {"firstname": "C"}),
        (
            [named("Mary", "O'Connor Smith"), named("Mary", "O'Connor"), named("Mary")],
            {"firstname": "Mary", "lastname": "O'Connor Smith"},
        ),
    ],
)
def test_a_shorter_name_never_erases_a_longer_one_in_any_order(
    told: list[MappedEvent], name: dict[str, str], order: tuple[int, ...]
) -> None:
    crm = Crm()
    for index in order:
        crm.deliver((at(index), told[index]))
    assert crm.present == name


def test_a_shorter_form_of_the_name_still_counts_as_the_newest_value() -> None:
    """Mary O'Connor Smith at 1, Mary O'Connor at 3, then a late Ann Lee of 2."""
    crm = Crm()
    for minutes, name in (
        (1, named("Mary", "O'Connor Smith")),
        (3, named("Mary", "O'Connor")),
        (2, named("Ann", "Lee")),
    ):
        crm.deliver((at(minutes), name))
    assert crm.present["firstname"] == "Mary"


def test_a_shorter_name_is_noted_on_its_receipt() -> None:
    crm = Crm()
    crm.deliver((at(1), named("สมชาย", "ใจดี")))
    news = crm.deliver((at(2), named("วิชัย")))
    assert [(n.property, n.what, n.why) for n in news.notes[0]] == [("firstname", "kept", LONGER_NAME)]


@pytest.mark.parametrize(
    ("long", "short"),
    [
        (named("小明", "王"), MappedEvent(details={"lastname": "王"})),
        (named("Mary-Jane", "O'Connor Smith"), named("Mary-Jane", "O'Connor")),
        (named("ธนพล", "ณ อยุธยา"), named("ธนพล", "ณ")),
    ],
    ids=["surname alone", "without the last of two surnames", "cut short"],
)
def test_a_name_that_is_part_of_the_known_one_is_no_news(long: MappedEvent, short: MappedEvent) -> None:
    crm = Crm()
    crm.deliver((at(1), long))
    crm.deliver((at(2), short))
    assert crm.present == long.details


def test_the_first_name_after_the_whole_name_costs_no_call() -> None:
    """The rules' own example: "สมชาย" after "สมชาย ใจดี" is no news, as the mapping gives the two."""
    crm = Crm()
    crm.deliver((at(1), MappedEvent(details={**named("สมชาย", "ใจดี").details, "dealdroid_name_given": "คุณสมชาย ใจดี"})))
    assert not crm.deliver((at(2), MappedEvent(details={"firstname": "สมชาย", "dealdroid_name_given": "สมชาย"})))


def test_a_late_name_is_not_the_name_as_given_beside_a_newer_one() -> None:
    """Ann Lee at 1 and again at 3, then a late Bo Tan of 2."""
    crm = Crm()
    for minute, first, last in ((1, "Ann", "Lee"), (3, "Ann", "Lee"), (2, "Bo", "Tan")):
        told = MappedEvent(details={**named(first, last).details, "dealdroid_name_given": f"Khun {first} {last}"})
        crm.deliver((at(minute), told))
    assert crm.present == {"firstname": "Ann", "lastname": "Lee", "dealdroid_name_given": "Khun Ann Lee"}


@pytest.mark.parametrize(
    ("known", "shorter"),
    [
        (named("Thị Ngọc Lan", "Nguyễn"), named("Lan")),
        (named("Thị Ngọc Lan", "Nguyễn"), named("Lan", "Nguyễn")),
        (named("Thị Ngọc Lan", "Nguyễn"), named("Ngọc Lan", "Nguyễn")),
        (named("Mary Jane", "Smith"), named("Mary")),
        (named("Mary Jane", "Smith"), named("Mary", "Smith")),
    ],
)
def test_a_shorter_form_of_a_first_name_of_several_words_is_no_news(known: MappedEvent, shorter: MappedEvent) -> None:
    crm = Crm()
    crm.deliver((at(1), known))
    news = crm.deliver((at(2), MappedEvent(details=shorter.details | {"dealdroid_name_given": "as typed"})))
    assert not news
    assert news.notes == [()]
    crm = Crm()
    crm.deliver((at(2), shorter))
    crm.deliver((at(1), known))
    assert crm.present == known.details


def test_every_shorter_form_of_a_long_name_is_no_news() -> None:
    crm = Crm()
    crm.deliver((at(1), named("Somchai", "na Ayutthaya Jaidee")))
    assert not crm.deliver((at(2), named("Somchai", "na")))
    assert not crm.deliver((at(3), named("Somchai", "na Ayutthaya")))
    assert crm.values["lastname"] == "na Ayutthaya Jaidee"


# The placeholder


def test_a_customer_without_name_and_email_gets_a_placeholder_on_creation_only() -> None:
    events = [(at(1), MappedEvent(details={"phone": "+66891234567"}, placeholder="089 123 4567"))]
    news = find_news(UNKNOWN, events, DIGEST)
    assert news.creation == {"lastname": "089 123 4567"}
    assert "lastname" not in news.writes


@pytest.mark.parametrize("said", [email("a@x.th"), named("Ann"), named("Ann", "Lee"), named("", "Lee")])
def test_a_customer_with_a_name_or_an_email_needs_no_placeholder(said: MappedEvent) -> None:
    events = [(at(1), MappedEvent(placeholder="Chat b9d35283")), (at(2), said)]
    assert "lastname" not in find_news(UNKNOWN, events, DIGEST).creation


def with_placeholder() -> Crm:
    clock = {PLACEHOLDER: (at(1), DIGEST("lastname", "089 123 4567"))}
    return Crm({"lastname": "089 123 4567"}, Customer(contact_id="501", clock=clock))


def test_the_placeholder_makes_way_for_a_first_name() -> None:
    crm = with_placeholder()
    crm.deliver((at(2), named("Ann")))
    assert crm.present == {"firstname": "Ann"}


def test_a_last_name_alone_takes_the_placeholders_place() -> None:
    crm = with_placeholder()
    crm.deliver((at(2), named("", "Jaidee")))
    assert crm.present == {"lastname": "Jaidee"}


def test_the_placeholder_makes_way_for_a_whole_name() -> None:
    crm = with_placeholder()
    crm.deliver((at(2), named("Ann", "Lee")), (at(3), named("Ann")))
    assert crm.present == {"firstname": "Ann", "lastname": "Lee"}


def test_a_last_name_typed_by_a_salesperson_is_not_taken_for_the_placeholder() -> None:
    crm = with_placeholder()
    crm.values["lastname"] = "Lee"
    crm.deliver((at(2), named("Ann")))
    assert crm.present == {"firstname": "Ann", "lastname": "Lee"}


def test_the_placeholder_is_taken_away_only_once() -> None:
    crm = with_placeholder()
    crm.deliver((at(2), named("Ann")))
    crm.values["lastname"] = "089 123 4567"
    crm.deliver((at(3), named("Anna")))
    assert crm.values["lastname"] == "089 123 4567"


# The address


def test_a_move_writes_the_whole_block_and_clears_what_the_new_address_lacks() -> None:
    crm = Crm()
    crm.deliver((at(1), address(address="99/12", dealdroid_village="พฤกษา", dealdroid_district="วัฒนา", **BANGKOK)))
    crm.deliver((at(2), address(address="1 ถ.ห้วยแก้ว", **CHIANG_MAI)))
    assert crm.present == {"address": "1 ถ.ห้วยแก้ว", **CHIANG_MAI}
    assert set(crm.writes[1]) == {"address", "dealdroid_village", "dealdroid_district", *CHIANG_MAI}


def test_a_move_writes_even_the_parts_that_did_not_change() -> None:
    """A salesperson may have edited the country of the old home; the new home must not get it."""
    crm = Crm()
    crm.deliver((at(1), address(address="1", **BANGKOK)))
    crm.values["country"] = "Laos"
    crm.deliver((at(2), address(address="2", **CHIANG_MAI)))
    assert crm.values["country"] == "Thailand"


def test_within_a_place_blanks_never_erase() -> None:
    crm = Crm()
    crm.deliver((at(1), address(address="99/12", dealdroid_village="พฤกษา", **BANGKOK)))
    crm.deliver((at(2), address(address="99/14", **BANGKOK)))
    assert crm.present == {"address": "99/14", "dealdroid_village": "พฤกษา", **BANGKOK}
    assert crm.writes[1] == {"address": "99/14"}


def test_no_part_of_an_older_address_that_comes_late_is_written() -> None:
    crm = Crm()
    crm.deliver((at(2), address(address="1", **CHIANG_MAI)))
    news = crm.deliver((at(1), address(address="99/12", dealdroid_village="พฤกษา", **BANGKOK)))
    assert crm.present == {"address": "1", **CHIANG_MAI}
    assert [(n.property, n.why) for n in news.notes[0]] == [("address", NEWER)]


def test_two_moves_in_one_batch_leave_only_the_last_address() -> None:
    crm = Crm()
    crm.deliver((at(1), address(address="99/12", dealdroid_village="พฤกษา", **BANGKOK)), (at(2), address(**CHIANG_MAI)))
    assert crm.present == CHIANG_MAI


@pytest.mark.parametrize(
    "moved",
    [
        {"address": "1-1 Chiyoda", "city": "Tokyo", "country": "Japan"},
        {"address": "Rue 5", "city": "Vientiane", "country": "Laos"},
    ],
)
def test_an_address_in_another_country_keeps_no_part_of_the_old_one(moved: dict[str, str]) -> None:
    crm = Crm()
    crm.deliver((at(1), address(address="99/12", dealdroid_district="วัฒนา", **BANGKOK)))
    crm.deliver((at(2), address(**moved)))
    assert crm.present == moved


@pytest.mark.parametrize(
    ("known", "said"),
    [
        ({"state": "Krabi"}, {"zip": "81000", "state": "กระบี่", "country": "Thailand"}),
        ({"state": "Krabi", "country": "Thailand"}, {"zip": "81000", "state": "กระบี่", "country": "Thailand"}),
        ({"state": "กรุงเทพมหานคร", "country": "ไทย"}, {"state": "Bangkok", "country": "Thailand"}),
        ({"state": "Da Nang", "country": "VN"}, {"state": "Đà Nẵng", "country": "Vietnam"}),
    ],
)
def test_the_same_place_in_another_spelling_is_no_move(known: dict[str, str], said: dict[str, str]) -> None:
    crm = Crm()
    crm.deliver((at(1), address(address="12 Main Rd", **known)))
    crm.deliver((at(2), address(**said)))
    assert crm.present == {"address": "12 Main Rd", **known, **said}


# Activity


def test_activity_alone_is_written_when_the_intent_changes_or_a_quarter_of_an_hour_has_passed() -> None:
    crm = Crm()
    for event in (visit(0, "Ask"), visit(5, "Ask"), visit(6, "Buy"), visit(20, "Buy"), visit(21, "Buy")):
        crm.deliver(event)
    assert [bool(writes) for writes in crm.writes] == [True, False, True, False, True]
    assert ACTIVITY_MS == 15 * MINUTE


def test_activity_goes_along_with_other_news() -> None:
    crm = Crm()
    crm.deliver(visit(0, "Ask", dealdroid_cart="1 x A"))
    version, mapped = visit(1, "Ask", dealdroid_cart="2 x A")
    crm.deliver((version, structs.replace(mapped, details={"email": "a@x.th"})))
    assert crm.values["dealdroid_cart"] == "2 x A"


def test_late_activity_never_overwrites_newer_activity() -> None:
    crm = Crm()
    crm.deliver(visit(30, "Buy", dealdroid_cart="2 x A"))
    crm.deliver(visit(1, "Ask", dealdroid_cart="1 x A"))
    assert crm.values["dealdroid_last_intent"] == "Buy"
    assert crm.values["dealdroid_cart"] == "2 x A"
    assert crm.writes[1] == {}


def test_a_repeated_intent_still_counts_as_the_newest() -> None:
    """Buy at 0, Buy again at 10, then a late Ask of 5."""
    crm = Crm()
    for event in (visit(0, "Buy"), visit(10, "Buy"), visit(5, "Ask")):
        crm.deliver(event)
    assert crm.values["dealdroid_last_intent"] == "Buy"


def test_activity_is_neither_a_contact_nor_an_address_change() -> None:
    news = find_news(UNKNOWN, [visit(0, "Ask")], DIGEST)
    assert news.writes.keys() == {"dealdroid_last_intent", "dealdroid_last_intent_at"}


# Unsaved values


def test_unsaved_values_of_a_batch_stand_together_and_a_repetition_is_no_news() -> None:
    crm = Crm()
    first, second = MappedEvent(unsaved={"email": "a(at)x"}), MappedEvent(unsaved={"phone": "call me"})
    crm.deliver((at(1), first), (at(2), second))
    assert crm.values[UNSAVED] == "email: a(at)x\nphone: call me"
    crm.deliver((at(3), structs.replace(first, unsaved={"email": "a(at)x", "phone": "call me"})))
    assert crm.writes[1] == {}


def test_a_value_that_was_said_is_no_news_where_the_portal_has_dropped_its_option_since() -> None:
    crm = Crm()
    crm.deliver((at(1), MappedEvent(details={"hs_language": "lo"})))
    crm.deliver((at(2), MappedEvent(unsaved={"hs_language": "lo"})))
    assert crm.writes[1] == {}
    crm.deliver((at(3), MappedEvent(unsaved={"hs_language": "km"})))
    assert crm.values[UNSAVED] == "hs_language: km"


# Somebody else's contact


def respected(writes: dict[str, str], current: dict[str, str], ours: dict[str, str] | None = None) -> dict[str, str]:
    before = {name: (at(0), DIGEST(name, value)) for name, value in (ours or {}).items()}
    kept, unsaved, notes = protect_existing_values(structs.replace(NEWS, writes=writes), current, before, DIGEST)
    assert unsaved.keys() == {note.property for note in notes}
    assert all(value == writes[name] for name, value in unsaved.items())
    return kept


NEWS = find_news(UNKNOWN, [(at(0), MappedEvent())], DIGEST)


@pytest.mark.parametrize(
    ("writes", "current", "ours", "kept"),
    [
        ({"phone": "1"}, {}, {}, {"phone": "1"}),
        ({"phone": "1"}, {"phone": ""}, {}, {"phone": "1"}),
        ({"phone": "1"}, {"phone": "2"}, {}, {}),
        ({"phone": "1"}, {"phone": "2"}, {"phone": "2"}, {"phone": "1"}),
        ({"phone": "1"}, {"phone": "edited"}, {"phone": "2"}, {}),
        ({"dealdroid_cart": "1 x A"}, {"dealdroid_cart": "2 x A"}, {}, {"dealdroid_cart": "1 x A"}),
        ({"firstname": "A", "phone": "1"}, {"firstname": "B"}, {}, {"phone": "1"}),
    ],
)
def test_blanks_are_filled_and_other_values_are_left_alone(
    writes: dict[str, str], current: dict[str, str], ours: dict[str, str], kept: dict[str, str]
) -> None:
    assert respected(writes, current, ours) == kept


@pytest.mark.parametrize(
    ("current", "whole"),
    [
        ({}, True),
        ({"country": "Thailand"}, True),
        ({"country": "Laos"}, False),
        ({"zip": "50200"}, False),
        ({"address": "somewhere else"}, False),
    ],
)
def test_somebody_elses_address_is_filled_or_left_as_one_block(current: dict[str, str], whole: bool) -> None:
    block = {**BANGKOK, "dealdroid_district": "วัฒนา"}
    kept = respected(block, current)
    assert {**current, **kept} == block if whole else kept == {}


def test_an_address_is_not_mixed_with_parts_that_the_new_one_does_not_have() -> None:
    assert respected({"zip": "10110", "country": "Thailand"}, {"address": "5 Main Street"}) == {}


@pytest.mark.parametrize(
    ("writes", "current", "ours", "kept"),
    [
        ({"phone": "1"}, {}, {}, {"phone": "1"}),
        ({"phone": "1"}, {"phone": "2"}, {"phone": "2"}, {}),
        ({"dealdroid_other_phones": "1"}, {}, {}, {"dealdroid_other_phones": "1"}),
        ({"dealdroid_other_phones": "1"}, {"dealdroid_other_phones": "2"}, {}, {}),
        ({"dealdroid_cart": "1 x A"}, {"dealdroid_last_intent": "Ask"}, {}, {}),
        ({"dealdroid_cart": "1 x A", "dealdroid_last_intent": "Ask"}, {"dealdroid_last_intent": "Ask"}, {}, {}),
        ({"dealdroid_cart": "1 x A"}, {"phone": "2"}, {}, {"dealdroid_cart": "1 x A"}),
        ({"firstname": "A", "dealdroid_name_given": "A"}, {"lastname": "B"}, {}, {}),
        ({"firstname": "A", "dealdroid_nickname": "C"}, {"firstname": "B"}, {}, {}),
        ({UNSAVED: "phone: call me"}, {}, {}, {}),
        ({"shop_size": "XL"}, {"shop_size": "S"}, {"shop_size": "S"}, {}),
    ],
)
def test_of_another_customers_contact_only_blanks_are_written(
    writes: dict[str, str], current: dict[str, str], ours: dict[str, str], kept: dict[str, str]
) -> None:
    """Our own properties too, and not what we wrote; name and activity as one block each."""
    before = {name: (at(0), DIGEST(name, value)) for name, value in ours.items()}
    news = structs.replace(NEWS, writes=writes)
    written, unsaved, notes = protect_existing_values(news, current, before, DIGEST, blanks_only=True)
    assert written == kept
    assert unsaved == {
        name: value for name, value in writes.items() if name not in {*kept, UNSAVED} and value != current.get(name)
    }
    assert unsaved.keys() == {note.property for note in notes}


def test_the_time_of_what_another_chat_said_is_nothing_unsaved() -> None:
    news = structs.replace(NEWS, writes={"dealdroid_last_intent_at": "2026-03-01T00:00:00.000Z"})
    current = {"dealdroid_last_intent": "Ask", "dealdroid_last_intent_at": "2026-02-01T00:00:00.000Z"}
    assert protect_existing_values(news, current, {}, DIGEST, blanks_only=True) == ({}, {}, [])


def test_half_a_name_replaces_the_whole_name_that_another_chat_filled_in() -> None:
    filled = {name: (SEEN, DIGEST(name, value)) for name, value in (("firstname", "Ann"), ("lastname", "Lee"))}
    customer = Customer(contact_id="501", clock=filled)
    news = find_news(customer, [(at(1), MappedEvent({"firstname": "Nok"}))], DIGEST)
    assert news.writes == {"firstname": "Nok", "lastname": ""}


def test_the_same_value_on_somebody_elses_contact_is_nothing_unsaved() -> None:
    kept, unsaved, notes = protect_existing_values(
        structs.replace(NEWS, writes={"phone": "1"}), {"phone": "1"}, {}, DIGEST
    )
    assert (kept, unsaved, notes) == ({}, {}, [])


def test_a_digest_tells_properties_and_keys_apart() -> None:
    assert DIGEST("email", "x") != DIGEST("phone", "x")
    assert DIGEST("email", "x") != digester(b"another key")("email", "x")
    assert len(DIGEST("email", "\ud800")) == 5
