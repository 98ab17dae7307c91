"""Pure: answers to reads -> contacts. That a contact is missing counts only if HubSpot says so itself."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from leadcore.reasons import reason
from workers.hubspot.answers import Answer, raise_line_down, raise_without_key
from workers.hubspot.errors import classify, context, objects, strings
from workers.rules.mapping.property_names import CUSTOMER_ID, MERGED
from workers.rules.outcomes import ContactMissing, ReadOutcome, RetryLater, Version


def read_record(result: Mapping[str, Any]) -> dict[str, str]:
    """A record's property values and "id", {} if it has no id."""
    values = result.get("properties")
    said = values.items() if isinstance(values, dict) else ()
    return {**{str(k): str(v) for k, v in said if v is not None}, "id": str(result["id"])} if result.get("id") else {}


def read_with_history(result: Mapping[str, Any]) -> dict[str, Any]:
    """A record's property values, "id", and under "history", by property, every value with when it was set (ms since
    1970) and what set it (HubSpot's sourceType and sourceId, such as "CRM_UI userId:1"), the newest first."""
    record, histories = read_record(result), result.get("propertiesWithHistory")
    if not record:
        return {}
    history = {
        str(name): sorted(map(_read_version, objects(versions)), key=lambda version: -version[1])
        for name, versions in (histories.items() if isinstance(histories, dict) else ())
    }
    return {**record, "history": history}


def _read_version(version: Mapping[str, Any]) -> Version:
    value, source = version.get("value"), (version.get("sourceType"), version.get("sourceId"))
    said = " ".join(str(part) for part in source if part)
    return "" if value is None else str(value), _read_time(version.get("timestamp")), said


def _read_time(value: Any) -> int:
    """Milliseconds since 1970 of a time as HubSpot writes it: with a zone, or in milliseconds; 0 if it is none."""
    text = str(value or "")
    if text.isascii() and text.isdigit():
        return int(text)
    try:
        return int(datetime.fromisoformat(text).timestamp() * 1000)
    except ValueError:
        return 0


def parse_contacts(
    answer: Answer, ids: Sequence[str], key: str, read: Callable[[Mapping[str, Any]], dict[str, Any]] = read_record
) -> dict[str, ReadOutcome]:
    """The answer to a batch read, by `ids`: the contacts, also for ids that were merged into them (`MERGED` must be
    among the properties read), and `ContactMissing` for those that HubSpot says do not exist. An id that is left out
    proves nothing. `key`: as in `workers.hubspot.writes.parse_outcomes`. Raises `LineDown`."""
    raise_line_down(answer)
    raise_without_key(answer, key or CUSTOMER_ID)
    body = answer.json()
    contacts = [contact for contact in map(read, objects(body.get("results"))) if contact]
    found: dict[str, ReadOutcome] = {}
    for error in [answer.error] if answer.says_not_found else objects(body.get("errors")):
        if classify(error) == ContactMissing():
            # One that names none may be about some of several: read with fewer, the others are not made again.
            missing = strings(context(error).get("ids")) or (ids if answer.says_not_found and len(ids) == 1 else [])
            found |= dict.fromkeys(missing, ContactMissing())
    for contact in contacts:
        merged = [] if key else [old for old in contact.get(MERGED, "").split(";") if old]
        # One id and one contact belong together: a secondary email differs from the contact's `email`.
        only = [ids[0]] if len(ids) == len(contacts) == 1 else []
        found |= dict.fromkeys([*merged, contact.get(key, "") if key else contact["id"], *only], contact)
    return {one: found[one] for one in ids if one in found}


def parse_contact(answer: Answer, read: Callable[[Mapping[str, Any]], dict[str, Any]] = read_record) -> ReadOutcome:
    """The answer to a read of a single contact, where a 404 is proof that it is missing. Raises `LineDown`."""
    if answer.says_one_missing:
        return ContactMissing()
    raise_line_down(answer)
    raise_without_key(answer)
    return (answer.status < 400 and read(answer.json())) or RetryLater(reason("contact_unsaid"))


def parse_history(answer: Answer) -> dict[str, dict[str, list[Version]]]:
    """The answer to a batch read of histories: what each property was, newest first, by the ids of the contacts. Raises
    `LineDown`."""
    raise_line_down(answer)
    records = [record for record in map(read_with_history, objects(answer.json().get("results"))) if record]
    return {record["id"]: record["history"] for record in records}
