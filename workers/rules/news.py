"""Pure: which values of a customer's events are news, by the rules for names, addresses and activity (the rule for
a single value is in `workers.rules.field_clock`)."""

from collections.abc import Mapping, Sequence, Set
from itertools import zip_longest

from msgspec import Struct

from leadcore.reasons import reason
from leadcore.receipts import Note
from workers.rules.customer import TEXT_BYTES, Customer, Stamp
from workers.rules.field_clock import NEWER, SEEN, Digest, Entry, FieldClock
from workers.rules.mapping.address import list_spellings
from workers.rules.mapping.mapped_event import MappedEvent
from workers.rules.mapping.name import Name, prefixes
from workers.rules.mapping.property_names import (
    ACTIVITY,
    ADDRESS,
    LAST_INTENT,
    LAST_INTENT_AT,
    NAME,
    NAME_GIVEN,
    NICKNAME,
    PLACE,
    PLACEHOLDER,
    SHORTER,
    UNSAVED,
)

ACTIVITY_MS = 15 * 60 * 1000
LONGER_NAME = reason("longer_name_known")
OTHER_VALUE = reason("contact_of_others")
ANOTHERS = reason("contact_of_other_customer")


class News(Struct, frozen=True):
    """What to write and, as `entries`, the clock afterwards. `by_event` (the properties that each event writes) and
    `notes` are in the order of the events. `if_unchanged`: writes that are valid only if the property's value in
    HubSpot has the given digest. `active_ms`, `intent`: the customer's last activity that is written."""

    writes: Mapping[str, str]
    creation: Mapping[str, str]
    if_unchanged: Mapping[str, tuple[str, bytes]]
    entries: Mapping[str, Entry]
    by_event: Sequence[Set[str]]
    notes: Sequence[tuple[Note, ...]]
    active_ms: int
    intent: bytes
    unsaved: Mapping[str, str]

    def __bool__(self) -> bool:
        return bool(self.writes or self.if_unchanged)


NO_NEWS = News({}, {}, {}, {}, (), (), 0, b"", {})


def find_news(customer: Customer, events: Sequence[tuple[int, MappedEvent]], digest: Digest) -> News:
    """What `events` (version and content, oldest first) change for `customer`."""
    clock = FieldClock(digest, customer.clock, dict(customer.clock))
    for index, (version, mapped) in enumerate(events):
        _record_details(clock, mapped.details, version, index)
        _record_address(clock, mapped.address, version, index)
    unsaved = _record_unsaved(clock, events)
    active, intent = _record_activity(clock, customer, events)
    creation: dict[str, str] = {}
    for _, mapped in reversed(events):
        creation |= mapped.creation
    if not any(clock.writes.get(name, ("", 0))[0] for name in ("email", *NAME)):
        placeholder = newest_placeholder(events)
        creation |= {"lastname": placeholder} if placeholder else {}
    writes = {name: value for name, (value, _) in clock.writes.items()}
    return News(
        writes=writes,
        creation=creation,
        if_unchanged=clock.if_unchanged,
        entries=clock.entries,
        by_event=[writes.keys()] if len(events) == 1 else _by_event(clock, len(events)),
        notes=[tuple(clock.notes.get(index, ())) for index in range(len(events))],
        active_ms=active,
        intent=intent,
        unsaved=unsaved,
    )


def newest_placeholder(events: Sequence[tuple[int, MappedEvent]]) -> str:
    """The newest last name that stands in for a missing name, "" if no event has one."""
    return next((mapped.placeholder for _, mapped in reversed(events) if mapped.placeholder), "")


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
        is_new = True
    elif whole:
        is_new = _record_whole_name(clock, person, version, index)
    else:
        is_new = _record_part_of_name(clock, person, version, index)
    if is_new and NAME_GIVEN in details:
        clock.record(NAME_GIVEN, details[NAME_GIVEN], version, index)


def _record_whole_name(clock: FieldClock, person: Name, version: int, index: int) -> bool:
    """Record a first and a last name; False if they are known, whole or in a longer form, or older than those known."""
    if _is_shorter_form(clock, person.first, person.last):
        # A shorter form of the known name is no change, but it is the newest value.
        for name in NAME:
            clock.entries[name] = (max(version, clock.entries[name][0]), clock.entries[name][1])
        return False
    differs = clock.differs("firstname", person.first) or clock.differs("lastname", person.last)
    newest = min(clock.newest_version(["lastname"]), clock.newest_version(["firstname"]))
    if newest > version and clock.has_value("lastname"):
        if not _is_known_form(clock, person):
            if differs:
                clock.note_kept("firstname", index, NEWER)
            return False
        # The known name is a shorter form of this one: the longer one wins and stays the newest value.
        version = newest
    for name in NAME:
        if clock.newest_version([name]) > version:
            # A part of a name never replaces a whole name, in whichever order the two arrive.
            del clock.entries[name]
    clock.record("firstname", person.first, version, index)
    clock.record("lastname", person.last, version, index)
    clock.if_unchanged.pop("lastname", None)
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
    """The shorter forms of a whole name that are told from it by their digests only: those of a first name of several
    words, and those of a surname of several words with the first name."""
    if " " in person.first:
        return [part for part in prefixes(person) if part.first not in ("", person.first)]
    return [part for part in prefixes(person) if part.first and part.last] if " " in person.last else []


def _is_shorter_form(clock: FieldClock, first: str, last: str) -> bool:
    form = f"{first} {last}"
    return any(clock.matches(clock.entries[name], SHORTER[0], form) for name in SHORTER if name in clock.entries)


def _record_part_of_name(clock: FieldClock, person: Name, version: int, index: int) -> bool:
    """Record a first name or a surname alone, which never replaces a whole name."""
    name, other = ("firstname", "lastname") if person.first else ("lastname", "firstname")
    value = person.first or person.last
    if person.first and _is_shorter_form(clock, person.first, ""):
        return False
    differs = clock.differs(name, value)
    if clock.has_value(name) and clock.has_value(other) and clock.newest_version(NAME) > SEEN:
        if differs:
            clock.note_kept(name, index, LONGER_NAME)
        return differs
    clock.record(name, value, version, index)
    if clock.newest_version([other]) == SEEN:
        # Half of somebody else's name.
        clock.record(other, "", version, index)
    if clock.entries.pop(PLACEHOLDER, None) and name == "firstname":
        clock.if_unchanged["lastname"] = ("", clock.before[PLACEHOLDER][1])
    return differs


def _record_address(clock: FieldClock, address: Mapping[str, str], version: int, index: int) -> None:
    """An address is one block: it is recorded whole or not at all, so that parts of two addresses never mix."""
    if not address:
        return
    if clock.newest_version(ADDRESS) > version:
        if any(clock.differs(name, value) for name, value in address.items()):
            clock.note_kept("address", index, NEWER)
        return
    moved = _is_move(clock, address)
    for name, value in address.items():
        clock.record(name, value, version, index, always=moved)
    if moved:
        for name in ADDRESS:
            if name not in address and clock.has_value(name):
                clock.record(name, "", version, index)


def _is_move(clock: FieldClock, address: Mapping[str, str]) -> bool:
    """Whether this is another place: another postcode, province or country than is known; or one where none is known,
    with another street. Adding a postcode to the same street is no move, nor is another spelling of the same place."""
    nation = address.get("country", "")
    fresh = [name for name in PLACE if name in address and not _is_same_place(clock, name, address[name], nation)]
    elsewhere = any(clock.has_value(name) for name in fresh)
    return elsewhere or (bool(fresh) and "address" in address and clock.differs("address", address["address"]))


def _is_same_place(clock: FieldClock, name: str, value: str, nation: str) -> bool:
    if not clock.differs(name, value):
        return True
    return clock.has_value(name) and not all(
        clock.differs(name, spelling) for spelling in list_spellings(name, value, nation)
    )


def _record_unsaved(clock: FieldClock, events: Sequence[tuple[int, MappedEvent]]) -> dict[str, str]:
    unsaved: dict[str, str] = {}
    for index, (version, mapped) in enumerate(events):
        # What HubSpot refused once counts as said, also when the list of its options says so beforehand the next time.
        if any(clock.differs(name, value) for name, value in mapped.unsaved.items()):
            unsaved |= mapped.unsaved
            clock.record(UNSAVED, "\n".join(f"{name}: {value}" for name, value in unsaved.items()), version, index)
    return unsaved


def _record_activity(
    clock: FieldClock, customer: Customer, events: Sequence[tuple[int, MappedEvent]]
) -> tuple[int, bytes]:
    """Activity is one block. It is written with any other news; without, only if the intent changed, 15 minutes passed
    or a merge put the last one in doubt. Returns `active_ms` and `intent` of `News`."""
    version, mapped = events[-1]
    said_ms = version >> 16
    if clock.newest_version([LAST_INTENT]) > version or said_ms < customer.active_ms:
        return customer.active_ms, customer.intent
    intent = mapped.activity.get(LAST_INTENT, "")
    intent_digest = clock.digest(LAST_INTENT, intent)[:TEXT_BYTES]
    passed = said_ms - customer.active_ms >= ACTIVITY_MS
    changed = intent_digest != customer.intent or bool(intent and clock.differs(LAST_INTENT, intent))
    if not (clock.writes or clock.if_unchanged or passed or changed):
        if intent:
            # Not written, but the newest value: an older event that comes late must not undo it.
            clock.record(LAST_INTENT, intent, version, len(events) - 1)
        return customer.active_ms, customer.intent
    for index, (each_version, each) in enumerate(events):
        for name in ACTIVITY:
            if name in each.activity:
                clock.record(name, each.activity[name], each_version, index)
    return said_ms, intent_digest


def protect_existing_values(
    news: News, current: Mapping[str, str], before: Mapping[str, Stamp], digest: Digest, *, blanks_only: bool = False
) -> tuple[dict[str, str], dict[str, str], list[Note]]:
    """Which of the news may be written to somebody else's contact, whose values are `current`: blanks are filled,
    values that this system wrote (`before`: the clock) may change, any other value stays. Returns the writes, the
    values that were not saved and the notes. Name and address are written or left as one block each. `blanks_only`:
    the contact is another customer's, so what this system wrote stays too, and activity is written only where there was
    none."""

    def is_free(name: str) -> bool:
        value = current.get(name) or ""
        if not value or blanks_only:
            return not value
        stamp = before.get(name)
        return name.startswith("dealdroid_") or (stamp is not None and stamp[1] == digest(name, value))

    def can_be_written(block: Sequence[str]) -> bool:
        return all(is_free(name) or current.get(name) == news.writes.get(name) for name in block)

    blocks = (ADDRESS, (*NAME, NAME_GIVEN, NICKNAME)) if blanks_only else (ADDRESS, NAME)
    kept_blocks = {name for block in blocks if not can_be_written(block) for name in block}
    if blanks_only and not all(map(is_free, ACTIVITY)):
        # One customer's cart beside the intent of the other, even if they share an intent.
        kept_blocks |= set(ACTIVITY)
    writes, unsaved, notes = dict(news.writes), {}, []
    if blanks_only:
        # What this customer could not save is added to the lines there.
        writes.pop(UNSAVED, None)
    for name in list(writes):
        if is_free(name) and name not in kept_blocks:
            continue
        value = writes.pop(name)
        if value and value != current.get(name) and not (blanks_only and name == LAST_INTENT_AT):
            unsaved[name] = value
            notes.append(Note(name, "kept", ANOTHERS if blanks_only else OTHER_VALUE))
    return writes, unsaved, notes
