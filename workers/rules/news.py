"""Pure: what of a customer's events is news, by the rules for names, homes and activity (the rule for a single
value is in `workers.rules.field_clock`)."""

from collections.abc import Mapping, Sequence, Set
from itertools import zip_longest

from msgspec import Struct

from leadcore.receipts import Note
from workers.rules.customer import TEXT_BYTES, Customer, Stamp
from workers.rules.field_clock import NEWER, Digest, Entry, FieldClock
from workers.rules.mapping.facts import (
    ACTIVITY,
    ADDRESS,
    DETAILS,
    NAME,
    NAME_GIVEN,
    PLACE,
    PLACEHOLDER,
    SHORTER,
    UNSAVED,
    Facts,
)
from workers.rules.mapping.name import Name, prefixes

ACTIVITY_MS = 15 * 60 * 1000
LONGER_NAME = "a longer name is already known"


class News(Struct, frozen=True):
    """What to write and, as `entries`, what the clock says afterwards. `by_event` and `notes` stand in the order of the
    events. `if_still` are writes that hold only while the property's value in HubSpot has the given digest."""

    writes: Mapping[str, str]
    creation: Mapping[str, str]
    if_still: Mapping[str, tuple[str, bytes]]
    entries: Mapping[str, Entry]
    by_event: Sequence[Set[str]]
    notes: Sequence[tuple[Note, ...]]
    active_ms: int
    intent: bytes
    unsaved: Mapping[str, str]

    @property
    def details(self) -> bool:
        return any(self.writes.get(name) for name in DETAILS)

    @property
    def address(self) -> bool:
        return any(self.writes.get(name) for name in ADDRESS)

    def __bool__(self) -> bool:
        return bool(self.writes or self.if_still)


NOTHING = News({}, {}, {}, {}, (), (), 0, b"", {})


def decide(customer: Customer, events: Sequence[tuple[int, Facts]], digest: Digest) -> News:
    """The news in `events` (version, facts), oldest first, for `customer`."""
    clock = FieldClock(digest, customer.clock, dict(customer.clock))
    for index, (version, facts) in enumerate(events):
        _record_details(clock, facts.details, version, index)
        _record_address(clock, facts.address, version, index)
    unsaved = _record_unsaved(clock, events)
    active, intent = _record_activity(clock, customer, events)
    creation: dict[str, str] = {}
    for _, facts in reversed(events):
        creation |= facts.creation
    if not any(clock.writes.get(name, ("", 0))[0] for name in ("email", *NAME)):
        placeholder = next((facts.placeholder for _, facts in reversed(events) if facts.placeholder), "")
        creation |= {"lastname": placeholder} if placeholder else {}
    writes = {name: value for name, (value, _) in clock.writes.items()}
    return News(
        writes=writes,
        creation=creation,
        if_still=clock.if_still,
        entries=clock.entries,
        by_event=[writes.keys()] if len(events) == 1 else _by_event(clock, len(events)),
        notes=[tuple(clock.notes.get(index, ())) for index in range(len(events))],
        active_ms=active,
        intent=intent,
        unsaved=unsaved,
    )


def _by_event(clock: FieldClock, events: int) -> list[Set[str]]:
    found: list[set[str]] = [set() for _ in range(events)]
    for name, (_, index) in clock.writes.items():
        found[index].add(name)
    return list(found)


def _record_details(clock: FieldClock, details: Mapping[str, str], version: int, index: int) -> None:
    for name, value in details.items():
        if name not in (*NAME, NAME_GIVEN):
            clock.record(name, value, version, index)
    person = Name(details.get("firstname", ""), details.get("lastname", ""))
    whole = bool(person.first and person.last)
    if not person.first and not person.last:
        news = True
    elif whole:
        news = _record_whole_name(clock, person, version, index)
    else:
        news = _record_part_of_name(clock, person, version, index)
    if news and NAME_GIVEN in details:
        clock.record(NAME_GIVEN, details[NAME_GIVEN], version, index)


def _record_whole_name(clock: FieldClock, person: Name, version: int, index: int) -> bool:
    """False if this says nothing that was not said."""
    form = f"{person.first} {person.last}"
    if any(clock.says(clock.entries[name], SHORTER[0], form) for name in SHORTER if name in clock.entries):
        # A shorter form of the known name is no news, but it is the newest word.
        for name in NAME:
            clock.entries[name] = (max(version, clock.entries[name][0]), clock.entries[name][1])
        return False
    differs = clock.differs("firstname", person.first) or clock.differs("lastname", person.last)
    newest = min(clock.newest(["lastname"]), clock.newest(["firstname"]))
    if newest > version and clock.has_value("lastname"):
        if not _is_known_form(clock, person):
            if differs:
                clock.note_kept("firstname", index, NEWER)
            return differs
        # What is known is a shorter form of this name: the longer one wins and stays the newest word.
        version = newest
    for name in NAME:
        if clock.newest([name]) > version:
            # A newer part of a name never stands against a whole name, in whichever order the two arrive.
            del clock.entries[name]
    clock.record("firstname", person.first, version, index)
    clock.record("lastname", person.last, version, index)
    clock.if_still.pop("lastname", None)
    clock.entries.pop(PLACEHOLDER, None)
    if differs:
        for name, part in zip_longest(SHORTER, _forms(person)[: len(SHORTER)]):
            clock.entries.pop(name, None)
            if part is not None:
                clock.entries[name] = (version, f"{part.first} {part.last}")
    return differs


def _is_known_form(clock: FieldClock, person: Name) -> bool:
    """Whether the known first and last name are a shorter form of `person`."""
    return any(
        not clock.differs("firstname", form.first) and not clock.differs("lastname", form.last)
        for form in _forms(person)
    )


def _forms(person: Name) -> list[Name]:
    """The shorter forms of a whole name that are whole themselves: only a surname of several words has any."""
    return [part for part in prefixes(person) if part.first and part.last] if " " in person.last else []


def _record_part_of_name(clock: FieldClock, person: Name, version: int, index: int) -> bool:
    """A first name or a surname alone: it never stands against a whole name."""
    name, other = ("firstname", "lastname") if person.first else ("lastname", "firstname")
    value = person.first or person.last
    differs = clock.differs(name, value)
    if clock.has_value(name) and clock.has_value(other):
        if differs:
            clock.note_kept(name, index, LONGER_NAME)
        return differs
    clock.record(name, value, version, index)
    if clock.entries.pop(PLACEHOLDER, None) and name == "firstname":
        clock.if_still["lastname"] = ("", clock.before[PLACEHOLDER][1])
    return differs


def _record_address(clock: FieldClock, address: Mapping[str, str], version: int, index: int) -> None:
    """An address is one block: it is taken whole or not at all, so that nobody gets half of two homes."""
    if not address:
        return
    if clock.newest(ADDRESS) > version:
        if any(clock.differs(name, value) for name, value in address.items()):
            clock.note_kept("address", index, NEWER)
        return
    moved = _moved(clock, address)
    for name, value in address.items():
        clock.record(name, value, version, index, always=moved)
    if moved:
        for name in ADDRESS:
            if name not in address and clock.has_value(name):
                clock.record(name, "", version, index)


def _moved(clock: FieldClock, address: Mapping[str, str]) -> bool:
    """Whether this is another home: another postcode, province or country than was said; or one where none was said,
    with another street. Adding a postcode to the same street is no move."""
    fresh = [name for name in PLACE if name in address and clock.differs(name, address[name])]
    elsewhere = any(clock.has_value(name) for name in fresh)
    return elsewhere or (bool(fresh) and "address" in address and clock.differs("address", address["address"]))


def _record_unsaved(clock: FieldClock, events: Sequence[tuple[int, Facts]]) -> dict[str, str]:
    unsaved: dict[str, str] = {}
    for index, (version, facts) in enumerate(events):
        if facts.unsaved:
            unsaved |= facts.unsaved
            clock.record(UNSAVED, "\n".join(f"{name}: {value}" for name, value in unsaved.items()), version, index)
    return unsaved


def _record_activity(clock: FieldClock, customer: Customer, events: Sequence[tuple[int, Facts]]) -> tuple[int, bytes]:
    """Activity is one block, and goes along with other news; alone only when the intent changes or 15 minutes have
    passed."""
    version, facts = events[-1]
    said_ms = version >> 16
    if clock.newest(["dealdroid_last_intent"]) > version or said_ms < customer.active_ms:
        return customer.active_ms, customer.intent
    intent = facts.activity.get("dealdroid_last_intent", "")
    mark = clock.digest("dealdroid_last_intent", intent)[:TEXT_BYTES]
    passed = said_ms - customer.active_ms >= ACTIVITY_MS
    if not (clock.writes or clock.if_still or passed or mark != customer.intent):
        if intent:
            # Not news, but the newest word: an older event that comes late must not undo it.
            clock.record("dealdroid_last_intent", intent, version, len(events) - 1)
        return customer.active_ms, customer.intent
    for index, (said, one) in enumerate(events):
        for name in ACTIVITY:
            if name in one.activity:
                clock.record(name, one.activity[name], said, index)
    return said_ms, mark


def respect(
    news: News, current: Mapping[str, str], before: Mapping[str, Stamp], digest: Digest
) -> tuple[dict[str, str], dict[str, str], list[Note]]:
    """What of `news` may be written to somebody else's contact whose values are `current`: blanks are filled, values
    that this system wrote (`before`: the clock) may change, any other value is left alone. Returns the writes, the
    values that were not saved and the notes. Name and address are filled or left as one block each."""

    def free(name: str) -> bool:
        value = current.get(name) or ""
        stamp = before.get(name)
        return not value or name.startswith("dealdroid_") or (stamp is not None and stamp[1] == digest(name, value))

    def whole(block: Sequence[str]) -> bool:
        return all(free(name) or current.get(name) == news.writes.get(name) for name in block)

    closed = {name for block in (ADDRESS, NAME) if not whole(block) for name in block}
    writes, unsaved, notes = dict(news.writes), {}, []
    for name in list(writes):
        if free(name) and name not in closed:
            continue
        value = writes.pop(name)
        if value and value != current.get(name):
            unsaved[name] = value
            notes.append(Note(name, "kept", "the contact belongs to somebody else and has another value"))
    return writes, unsaved, notes
