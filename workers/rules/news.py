"""Pure: what of a customer's events is news, by the rules for names, homes and activity (the rule for a single
value is in `workers.rules.field_clock`)."""

from collections.abc import Mapping, Sequence, Set
from itertools import zip_longest

from msgspec import Struct

from leadcore.receipts import Note
from workers.rules.customer import TEXT_BYTES, Customer, Stamp
from workers.rules.field_clock import NEWER, Digest, Fold, Word
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
    """What to write and, as `words`, what the clock says afterwards. `by_event` and `notes` stand in the order of the
    events. `if_still` are writes that hold only while the property's value in HubSpot has the given digest."""

    writes: Mapping[str, str]
    creation: Mapping[str, str]
    if_still: Mapping[str, tuple[str, bytes]]
    words: Mapping[str, Word]
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
    fold = Fold(digest, customer.clock, dict(customer.clock))
    for index, (version, facts) in enumerate(events):
        _say_details(fold, facts.details, version, index)
        _say_address(fold, facts.address, version, index)
    unsaved = _say_unsaved(fold, events)
    active, intent = _say_activity(fold, customer, events)
    creation: dict[str, str] = {}
    for _, facts in reversed(events):
        creation |= facts.creation
    if not any(fold.writes.get(name, ("", 0))[0] for name in ("email", *NAME)):
        placeholder = next((facts.placeholder for _, facts in reversed(events) if facts.placeholder), "")
        creation |= {"lastname": placeholder} if placeholder else {}
    writes = {name: value for name, (value, _) in fold.writes.items()}
    return News(
        writes=writes,
        creation=creation,
        if_still=fold.if_still,
        words=fold.words,
        by_event=[writes.keys()] if len(events) == 1 else _by_event(fold, len(events)),
        notes=[tuple(fold.notes.get(index, ())) for index in range(len(events))],
        active_ms=active,
        intent=intent,
        unsaved=unsaved,
    )


def _by_event(fold: Fold, events: int) -> list[Set[str]]:
    found: list[set[str]] = [set() for _ in range(events)]
    for name, (_, index) in fold.writes.items():
        found[index].add(name)
    return list(found)


def _say_details(fold: Fold, details: Mapping[str, str], version: int, index: int) -> None:
    for name, value in details.items():
        if name not in (*NAME, NAME_GIVEN):
            fold.say(name, value, version, index)
    person = Name(details.get("firstname", ""), details.get("lastname", ""))
    whole = bool(person.first and person.last)
    if not person.first and not person.last:
        news = True
    elif whole:
        news = _say_whole_name(fold, person, version, index)
    else:
        news = _say_part_of_name(fold, person, version, index)
    if news and NAME_GIVEN in details:
        fold.say(NAME_GIVEN, details[NAME_GIVEN], version, index)


def _say_whole_name(fold: Fold, person: Name, version: int, index: int) -> bool:
    """False if this says nothing that was not said."""
    form = f"{person.first} {person.last}"
    if any(fold.says(fold.words[name], SHORTER[0], form) for name in SHORTER if name in fold.words):
        # A shorter form of the known name is no news, but it is the newest word.
        for name in NAME:
            fold.words[name] = (max(version, fold.words[name][0]), fold.words[name][1])
        return False
    differs = fold.differs("firstname", person.first) or fold.differs("lastname", person.last)
    newest = min(fold.newest(["lastname"]), fold.newest(["firstname"]))
    if newest > version and fold.holds("lastname"):
        if not _is_known_form(fold, person):
            if differs:
                fold.keep("firstname", index, NEWER)
            return differs
        # What is known is a shorter form of this name: the longer one wins and stays the newest word.
        version = newest
    for name in NAME:
        if fold.newest([name]) > version:
            # A newer part of a name never stands against a whole name, in whichever order the two arrive.
            del fold.words[name]
    fold.say("firstname", person.first, version, index)
    fold.say("lastname", person.last, version, index)
    fold.if_still.pop("lastname", None)
    fold.words.pop(PLACEHOLDER, None)
    if differs:
        for name, part in zip_longest(SHORTER, _forms(person)[: len(SHORTER)]):
            fold.words.pop(name, None)
            if part is not None:
                fold.words[name] = (version, f"{part.first} {part.last}")
    return differs


def _is_known_form(fold: Fold, person: Name) -> bool:
    """Whether the known first and last name are a shorter form of `person`."""
    return any(
        not fold.differs("firstname", form.first) and not fold.differs("lastname", form.last) for form in _forms(person)
    )


def _forms(person: Name) -> list[Name]:
    """The shorter forms of a whole name that are whole themselves: only a surname of several words has any."""
    return [part for part in prefixes(person) if part.first and part.last] if " " in person.last else []


def _say_part_of_name(fold: Fold, person: Name, version: int, index: int) -> bool:
    """A first name or a surname alone: it never stands against a whole name."""
    name, other = ("firstname", "lastname") if person.first else ("lastname", "firstname")
    value = person.first or person.last
    differs = fold.differs(name, value)
    if fold.holds(name) and fold.holds(other):
        if differs:
            fold.keep(name, index, LONGER_NAME)
        return differs
    fold.say(name, value, version, index)
    if fold.words.pop(PLACEHOLDER, None) and name == "firstname":
        fold.if_still["lastname"] = ("", fold.before[PLACEHOLDER][1])
    return differs


def _say_address(fold: Fold, address: Mapping[str, str], version: int, index: int) -> None:
    """An address is one block: it is taken whole or not at all, so that nobody gets half of two homes."""
    if not address:
        return
    if fold.newest(ADDRESS) > version:
        if any(fold.differs(name, value) for name, value in address.items()):
            fold.keep("address", index, NEWER)
        return
    moved = _moved(fold, address)
    for name, value in address.items():
        fold.say(name, value, version, index, always=moved)
    if moved:
        for name in ADDRESS:
            if name not in address and fold.holds(name):
                fold.say(name, "", version, index)


def _moved(fold: Fold, address: Mapping[str, str]) -> bool:
    """Whether this is another home: another postcode, province or country than was said; or one where none was said,
    with another street. Adding a postcode to the same street is no move."""
    fresh = [name for name in PLACE if name in address and fold.differs(name, address[name])]
    elsewhere = any(fold.holds(name) for name in fresh)
    return elsewhere or (bool(fresh) and "address" in address and fold.differs("address", address["address"]))


def _say_unsaved(fold: Fold, events: Sequence[tuple[int, Facts]]) -> dict[str, str]:
    unsaved: dict[str, str] = {}
    for index, (version, facts) in enumerate(events):
        if facts.unsaved:
            unsaved |= facts.unsaved
            fold.say(UNSAVED, "\n".join(f"{name}: {value}" for name, value in unsaved.items()), version, index)
    return unsaved


def _say_activity(fold: Fold, customer: Customer, events: Sequence[tuple[int, Facts]]) -> tuple[int, bytes]:
    """Activity is one block, and goes along with other news; alone only when the intent changes or 15 minutes have
    passed."""
    version, facts = events[-1]
    said_ms = version >> 16
    if fold.newest(["dealdroid_last_intent"]) > version or said_ms < customer.active_ms:
        return customer.active_ms, customer.intent
    intent = facts.activity.get("dealdroid_last_intent", "")
    mark = fold.digest("dealdroid_last_intent", intent)[:TEXT_BYTES]
    passed = said_ms - customer.active_ms >= ACTIVITY_MS
    if not (fold.writes or fold.if_still or passed or mark != customer.intent):
        if intent:
            # Not news, but the newest word: an older event that comes late must not undo it.
            fold.say("dealdroid_last_intent", intent, version, len(events) - 1)
        return customer.active_ms, customer.intent
    for index, (said, one) in enumerate(events):
        for name in ACTIVITY:
            if name in one.activity:
                fold.say(name, one.activity[name], said, index)
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
