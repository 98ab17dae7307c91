"""Pure: what follows from the merge of two contacts by a salesperson.

HubSpot makes a new contact with a new id and the values of the primary one (HubSpot's page on merging). The other
one's customer id is no value of the new contact: it stands only in the history of `CUSTOMER_ID`, and from then on
in `OTHER_IDS`, a text with one customer id per line. The customers of a merged contact are one person to the shop: they
share a clock, and whose word is the newest is written.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import reduce

from msgspec import Struct
from msgspec.structs import replace

from workers.rules.customer import DOUBT, UNKNOWN, UNRECORDED, UNRECORDED_ADDRESS, Customer, Stamp, get_digest
from workers.rules.field_clock import SEEN, Digest
from workers.rules.lead import Decision, Loaded
from workers.rules.mapping.address import name_place
from workers.rules.mapping.mapped_event import MappedEvent
from workers.rules.mapping.property_names import (
    ACTIVITY,
    ADDRESS,
    CUSTOMER_ID,
    MERGED,
    NAME,
    NAME_GIVEN,
    OTHER_IDS,
    PLACE,
    SHORTER,
)

Clock = Mapping[str, Stamp]
Words = Sequence[tuple[int, MappedEvent]]
"""Version and content of leads."""
WHOLE = ((*NAME, NAME_GIVEN), ADDRESS, ACTIVITY)
"""What is put back whole or not at all."""
FORMS = (NAME_GIVEN, *SHORTER)
"""Of a name."""


class MergedContact(Struct, frozen=True):
    """Whose contact it is: `key`: the customer id that it bears, "" for none; `listed`: the ids in `OTHER_IDS`;
    `bearers`: every id that it or a contact merged into it has ever borne; `former`: the ids of those contacts."""

    id: str
    key: str
    listed: Sequence[str]
    bearers: Sequence[str]
    former: Sequence[str]

    def has_merged(self, customer_id: str) -> bool:
        """Whether it is the customer's own. One who is listed beside their own key came by email to a contact of the
        shop's."""
        return customer_id in self.bearers and not (customer_id == self.key and customer_id in self.listed)


def read_merged(contact: Mapping[str, str], bearers: Iterable[str]) -> MergedContact:
    """`bearers`: the values that `CUSTOMER_ID` has ever had there."""
    key, own = contact.get(CUSTOMER_ID, ""), contact["id"]
    return MergedContact(
        id=own,
        key=key,
        listed=read_ids(contact),
        bearers=list(dict.fromkeys(one for one in (key, *bearers) if one)),
        former=[one for one in contact.get(MERGED, "").split(";") if one not in ("", own)],
    )


def read_ids(contact: Mapping[str, str]) -> list[str]:
    """The customer ids listed in `OTHER_IDS`."""
    return [one for one in contact.get(OTHER_IDS, "").split("\n") if one]


def merge_clocks(one: Clock, other: Clock, digest: Digest) -> dict[str, Stamp]:
    """The newest stamp of each property. Of two whole names the newer one counts, and a part of a name beside a whole
    one does not, as with a single customer. The other forms of a name go with the name that they are forms of: who says
    it again says them with it. Of two addresses that certainly are two no part of the older one counts."""
    merged = {name: max(clock[name] for clock in (one, other) if name in clock) for name in {**one, **other}}
    older, newer = sorted((_cut(clock, ADDRESS) for clock in (one, other)), key=_newest_stamp)
    is_older = _newest_stamp(older) < _newest_stamp(newer)
    if is_older and any(_differ(older[name], newer[name]) for name in older.keys() & newer.keys()):
        merged |= {name: (_last(newer), newer[name][1] if name in newer else digest(name, "")) for name in older}
    if whole := [[clock[name] for name in NAME] for clock in (one, other) if _has_whole_name(clock, digest)]:
        merged |= zip(NAME, max(whole, key=lambda stamps: (min(stamps)[0], stamps)), strict=True)
    named = [clock for clock in (one, other) if all(clock.get(name) == merged.get(name) for name in NAME)]
    forms = [_cut(clock, FORMS) for clock in named]
    kept = {name: max(each[name] for each in forms if name in each) for name in {key for each in forms for key in each}}
    return {name: stamp for name, stamp in merged.items() if name not in FORMS} | kept


def _has_whole_name(clock: Clock, digest: Digest) -> bool:
    return all(_is_said(name, clock) and get_digest(clock[name]) != digest(name, "") for name in NAME)


def _last(clock: Clock) -> int:
    """The newest version, -1 if there is none."""
    return _newest_stamp(clock)[0]


def _newest_stamp(clock: Clock) -> Stamp:
    """Of two of one version the one with the greater digest: two shards may stamp in the same millisecond."""
    return max(clock.values(), default=(-1, b""))


def _differ(one: Stamp, other: Stamp) -> bool:
    """Whether the values certainly are two."""
    said = {get_digest(one), get_digest(other)}
    return len(said) == 2 and UNRECORDED not in said


def merge_records(records: Iterable[Customer], digest: Digest) -> Customer:
    """The record of a contact that all of these are of: one clock, and the last activity."""

    def merge(one: Customer, other: Customer) -> Customer:
        active_ms, intent = max((each.active_ms, each.intent) for each in (one, other))
        return Customer(active_ms=active_ms, intent=intent, clock=merge_clocks(one.clock, other.clock, digest))

    return reduce(merge, records, UNKNOWN)


def forget_taken(
    records: Sequence[Customer], current: Mapping[str, str], news: Words, words: Words, digest: Digest
) -> Customer:
    """The joint one of `records`, but what the merge took away and was said later than one of `news` counts no more
    than what it chose: nobody has it now, and who says it again says nothing new until the merge is known. `current`:
    the contact's values; where one of `words` has set them, they are not what the merge chose."""
    joint = merge_records(records, digest)
    for block in (*WHOLE, *((name,) for name in joint.clock if not any(name in whole for whole in (*WHOLE, SHORTER)))):
        said = max((version for version, mapped in news if not _is_apart(block, _list_values(mapped))), default=-1)
        parts = [(_cut(one.clock, block), one) for one in records]
        held = [(part, one) for part, one in parts if _holds(current, part, block, digest)]
        # Several may have said it: the newest of them has not been taken away.
        part, one = max(held, key=lambda each: _last(each[0]), default=({}, UNKNOWN))
        was_set = any(_sets(_list_values(mapped), current, block, part) for _, mapped in words)
        if held and not was_set and _last(part) < said < _last(_cut(joint.clock, block)):
            forms = _cut(one.clock, SHORTER) if block is WHOLE[0] else {}
            dropped = {*block, *(SHORTER if block is WHOLE[0] else ())}
            kept = {name: stamp for name, stamp in joint.clock.items() if name not in dropped}
            joint = replace(joint, clock={**kept, **part, **forms})
            if block is ACTIVITY:
                joint = replace(joint, active_ms=one.active_ms, intent=one.intent)
    return joint


def _list_values(mapped: MappedEvent) -> dict[str, str]:
    return {**mapped.details, **mapped.address, **mapped.activity}


def _cut(clock: Clock, block: Sequence[str]) -> Clock:
    """What the clock knows of the block."""
    return {name: clock[name] for name in block if name in clock}


def _holds(current: Mapping[str, str], part: Clock, block: Sequence[str], digest: Digest) -> bool:
    """Whether the block's values are the last words of this part of a clock, blank if there are none."""
    if not part:
        return not any(current.get(name) for name in block)
    return all(content == digest(name, current.get(name, "")) for name, (_, content) in part.items())


def _sets(values: Mapping[str, str], current: Mapping[str, str], block: Sequence[str], part: Clock) -> bool:
    """Whether a lead of these values may have set the block to what it is, which `part` of a clock holds too. Two names
    or addresses may have parts in common; what a name was given as is written with a new name only."""
    names = [name for name in block if name in values and name != NAME_GIVEN]
    there = [name for name in names if values[name] == current.get(name, "")]
    return bool(names) and (there == names or any(name not in part for name in there))


def doubt_blocks(clock: Clock, current: Mapping[str, str], digest: Digest) -> dict[str, Stamp]:
    """The clock with which customers begin to share a contact whose values are `current`. A name, an address or an
    activity that is not the one last said is in doubt as a whole: what is said next is then written whole, since parts
    of two names or addresses never mix."""
    # Now somebody has looked which address the contact has.
    clock = {name: stamp for name, stamp in clock.items() if (name, stamp) not in UNRECORDED_ADDRESS.items()}
    doubted = dict(clock)
    for block in WHOLE:
        known = [name for name in block if name in clock or current.get(name)]
        if all(name in clock and _is_of(clock[name][1], name, current.get(name, ""), digest) for name in known):
            continue
        for name in known:
            seen = name_place(name, current.get(name, ""))
            doubted[name] = _doubt(clock[name]) if name in clock else (SEEN, digest(name, seen))
    if any(name in clock and get_digest(clock[name]) != digest(name, current.get(name, "")) for name in NAME):
        # The contact has another name, of which these are no forms.
        doubted = {name: stamp for name, stamp in doubted.items() if name not in SHORTER}
    return doubted


def _doubt(stamp: Stamp) -> Stamp:
    return stamp if stamp[1] == UNRECORDED else (stamp[0], get_digest(stamp) + DOUBT)


def is_guest(customer: Customer) -> bool:
    """Whether only an email led them to the contact."""
    return customer.fill_only or customer.email_match_only or customer.untrusted


def move(customer: Customer, contact: MergedContact) -> Customer:
    """The record of another of the contact's own customers, who shares its clock from now on."""
    if is_guest(customer):
        return replace(customer, contact_id=contact.id)
    return replace(customer, contact_id=contact.id, shared=True, clock={})


def list_ids(contact: MergedContact, customer_id: str, others: Iterable[str], *, guest: bool) -> dict[str, str]:
    """Our ids that are to be written to the contact: its key, if it has none, and who else it is of. `others`: its
    other own customers."""
    key = contact.key or ("" if guest else customer_id)
    ids = dict.fromkeys([*contact.listed, *others, customer_id])
    wanted = [one for one in ids if one != key or (one == contact.key and one in contact.listed)]
    written = {} if key == contact.key else {CUSTOMER_ID: key}
    return written if wanted == list(contact.listed) else {**written, OTHER_IDS: "\n".join(wanted)}


def find_overwritten(
    loaded: Loaded,
    decision: Decision,
    clock: Clock,
    current: Mapping[str, str],
    digest: Digest,
    beside: Words = (),
) -> dict[str, set[str]]:
    """The properties in which the contact holds, by its values `current`, an older word of these leads, or of those
    `beside` them in the call, than is known by its `clock`: HubSpot took it under the id of before a merge, or Redis
    lost that it did. Of an address in another place also the parts that no lead known by the clock has said. With the
    words of all these leads, which must not be put back."""

    def is_older(name: str, version: int) -> bool:
        value, stamp = current.get(name, ""), clock.get(name)
        overtaken = stamp is not None and stamp[0] > version and get_digest(stamp) != digest(name, value)
        return overtaken and name not in decision.properties

    def is_elsewhere(address: Mapping[str, str], version: int) -> bool:
        known = ((name, clock[name]) for name in ("city", *PLACE) if name in address and name in clock)
        return any(stamp[0] > version and get_digest(stamp) != digest(name, address[name]) for name, stamp in known)

    def is_new(name: str, value: str) -> bool:
        return not _is_said(name, clock) and value == current.get(name, "") and name not in decision.properties

    said: dict[str, set[str]] = {}
    found: set[str] = set()
    for version, mapped in (*loaded.events, *beside):
        for name, value in _list_values(mapped).items():
            said.setdefault(name, set()).add(value)
            if current.get(name, "") == value and is_older(name, version):
                found.add(name)
        if not found.isdisjoint(mapped.address):
            # An address of another place has also cleared the parts that it lacks.
            cleared = [name for name in ADDRESS if name not in mapped.address and not current.get(name)]
            found.update(name for name in cleared if is_older(name, version))
        if is_elsewhere(mapped.address, version):
            # The last address never had these parts, so that it has not replaced them.
            found.update(name for name, value in mapped.address.items() if is_new(name, value))
    return {name: said.get(name, {""}) for name in found}


def leave_edited(overwritten: Mapping[str, set[str]], sources: Mapping[str, str], own: str) -> dict[str, set[str]]:
    """`overwritten` without what somebody else has set to that, and the rest of its block. `sources`: what set each
    property of `widen_blocks` last, "" if unknown; `own`: what sets the properties of leadsync. A new key of the same
    kind is no other."""
    kind = own.partition(" ")[0]
    edited = {name for name, source in sources.items() if kind and source and source.partition(" ")[0] != kind}
    edited |= {name for block in WHOLE if not _is_apart(block, edited) for name in block}
    return {name: said for name, said in overwritten.items() if name not in edited}


def leave_foreign(
    overwritten: Mapping[str, set[str]], clock: Clock, sources: Mapping[str, str], own: Collection[str]
) -> dict[str, set[str]]:
    """`overwritten` without the parts of an address that no lead known by the clock has said and that somebody else, be
    it another app, has set. `sources`: as of `leave_edited`; `own`: all that ever set the properties of leadsync."""
    return {name: said for name, said in overwritten.items() if _is_said(name, clock) or sources[name] in own}


def widen_blocks(names: Collection[str], clock: Clock) -> list[str]:
    """`names`, and what the clock knows of the blocks that they belong to."""
    blocks = [block for block in WHOLE if not _is_apart(block, names)]
    return list(dict.fromkeys([*names, *(name for block in blocks for name in block if name in clock)]))


def choose_put_back(
    overwritten: Mapping[str, Collection[str]],
    clock: Clock,
    history: Mapping[str, Sequence[str]],
    digest: Digest,
    *,
    merged: bool = True,
) -> dict[str, str]:
    """What to write in place of the `overwritten` values (as of `find_overwritten`). `history`: the values of each
    property of `widen_blocks`, newest first. A block becomes what was last said by the clock, in doubt or not, and a
    part of it that no lead known by the clock has said blank; or it stays as it is if the history lacks a part of that:
    the newest former value of each part alone may be of another name or address. A property of no block becomes that
    newest former value then. But it stays as it is, too, if the contact is not `merged`: a former value may be an older
    word still, and HubSpot have refused the last."""
    values: dict[str, str] = {}
    for name, mine in overwritten.items():
        if any(name in block for block in WHOLE):
            continue
        past = history.get(name, ())
        value = _find_said(name, clock, past, digest)
        if value is None and merged:
            value = choose_former(past, mine)
        if value is not None:
            values[name] = value
    for block in WHOLE:
        if _is_apart(block, overwritten):
            continue
        never = [name for name in block if name in overwritten and not _is_said(name, clock)]
        last = {
            name: _find_said(name, clock, (*history.get(name, ()), ""), digest)
            for name in block
            if name in clock and name not in never
        }
        known = {name: value for name, value in last.items() if value is not None}
        if len(known) == len(last):
            values |= {**known, **dict.fromkeys(never, "")}
    return values


def _find_said(name: str, clock: Clock, past: Sequence[str], digest: Digest) -> str | None:
    """The one of the `past` values that the clock says was the last word; None if there is none."""
    return next(
        (value for value in past if name in clock and _is_of(get_digest(clock[name]), name, value, digest)), None
    )


def _is_of(content: bytes, name: str, value: str, digest: Digest) -> bool:
    """Whether the digest is that of the value, or of the name under which a place that was read there is known."""
    return content in (digest(name, value), digest(name, name_place(name, value)))


def _is_said(name: str, clock: Clock) -> bool:
    """Whether a lead has carried it. What was only read there may be the older word itself."""
    return name in clock and clock[name][0] != SEEN


def _is_apart(block: Sequence[str], names: Collection[str]) -> bool:
    return not any(name in names for name in block)


def choose_former(past: Sequence[str], mine: Collection[str]) -> str | None:
    """The newest of the `past` values of a property, newest first, that is none of `mine`; None if there is none."""
    return next((value for value in past if value not in mine), None)
