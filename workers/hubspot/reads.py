"""Pure: which contacts there are, as the answers to reads say. Only HubSpot's own word proves that there is none."""

from collections.abc import Mapping, Sequence
from typing import Any

from workers.hubspot.answers import Answer, raise_line_down, raise_without_key
from workers.hubspot.errors import classify, context, objects, strings
from workers.rules.outcomes import Gone, Reading, Wait

MERGED = "hs_merged_object_ids"


def readings(answer: Answer, ids: Sequence[str], key: str) -> dict[str, Reading]:
    """What a batch read says of `ids` (`key` as in `outcomes`, `MERGED` among the properties read): the contacts, also
    by the ids of those that were merged into them, and `Gone` for those that it says do not exist. An id left out is no
    proof of anything. Raises `LineDown`."""
    raise_line_down(answer)
    raise_without_key(answer)
    body = answer.json()
    contacts = [contact for contact in map(_contact, objects(body.get("results"))) if contact]
    found: dict[str, Reading] = {}
    for error in [answer.error] if answer.says_not_found else objects(body.get("errors")):
        if classify(error) == Gone():
            named = strings(context(error).get("ids")) or (ids if answer.says_not_found else [])
            found |= dict.fromkeys(named, Gone())
    for contact in contacts:
        merged = [] if key else [old for old in contact.get(MERGED, "").split(";") if old]
        # An email may be a secondary one of the contact, whose `email` is then another.
        alone = [ids[0]] if len(ids) == len(contacts) == 1 else []
        found |= dict.fromkeys([*merged, contact.get(key, "") if key else contact["id"], *alone], contact)
    return {one: found[one] for one in ids if one in found}


def reading(answer: Answer) -> Reading:
    """What the read of a single contact says: its 404 is proof. Raises `LineDown`."""
    body = answer.json()
    if answer.says_not_found or (answer.status == 404 and body.get("status") == "error" and not body.get("category")):
        return Gone()
    raise_line_down(answer)
    raise_without_key(answer)
    return (answer.status < 400 and _contact(body)) or Wait("HubSpot does not say whether this contact exists")


def _contact(result: Mapping[str, Any]) -> dict[str, str]:
    """A contact's property values and "id", {} if it has no id."""
    values = result.get("properties")
    said = values.items() if isinstance(values, dict) else ()
    return {**{str(k): str(v) for k, v in said if v is not None}, "id": str(result["id"])} if result.get("id") else {}
