"""Pure: HubSpot's error objects, of a row or of a whole answer -> outcomes. Every field is optional, and either list of
invalid values may be shorter or cut off (HubSpot's page and captured answers), so both are read. Messages quote what
the customer typed and are never stored: reasons are made from codes."""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from leadcore.reasons import Reason, reason
from workers.rules.mapping.property_names import CUSTOMER_ID
from workers.rules.outcomes import Conflict, ContactMissing, NoRoom, Origin, Refused, RetryLater, WriteOutcome

REASONS: Mapping[str, Reason] = {
    "INVALID_EMAIL": reason("email_refused"),
    "INVALID_OPTION": reason("option_missing"),
    "PROPERTY_DOESNT_EXIST": reason("property_missing"),
    "READ_ONLY_VALUE": reason("property_read_only"),
    "INVALID_INTEGER": reason("not_a_whole_number"),
    "INVALID_LONG": reason("not_a_whole_number"),
    "INVALID_NUMERIC": reason("not_a_number"),
    "INVALID_DATE": reason("not_a_date"),
    "INVALID_PHONE_NUMBER": reason("phone_refused"),
}
PORTAL_WIDE = frozenset({"PROPERTY_DOESNT_EXIST", "READ_ONLY_VALUE"})
NOT_FOUND = "OBJECT_NOT_FOUND"
MAX_WARNINGS = 10
# The keys of a context under which names of properties stand, unless they hold values.
_NAMES, _VALUES = re.compile("propert|field", re.IGNORECASE), re.compile("value", re.IGNORECASE)
_PROPERTY_FORM = re.compile(r"[A-Za-z]\w{0,249}", re.ASCII)
# That something is required, in English and in the languages of HubSpot's own pages and of our shops.
_DEMAND = re.compile(
    r"requir|missing|mandatory|not set|must (?:be (?:set|provided|given|filled)|have|not be (?:blank|empty))"
    r"|(?:cannot|can't|can not) be (?:blank|empty)|(?:enter|provide|specify) a value|\bconditional|\bdepend"
    r"|จำเป็น|บังคับ|(?:ต้อง|กรุณา|โปรด)(?:กรอก|ระบุ)|bắt buộc|\bwajib|必須|必要|必填|必需|필수"
    r"|obligat|obrigat|obbligat|requis\b|requerid|erforderlich|pflicht|verplicht|vereist|krävs|påkr[æe]v|pakolli|wymagan",
    re.IGNORECASE,
)
# Where no name of a property stands: what is read apart, what says of the error itself, and ids.
_APART = frozenset(
    {"status", "category", "subCategory", "code", "errorType", "correlationId", "requestId", "links", "message"}
    | {"localizedErrorMessage", "errors", "context", "objectWriteTraceId", "id", "ids", "existingId"}
)
# Keys that stand before a name and are none.
_BEFORE_NAMES = frozenset({"name", "label", "names", "properties", "fields", "error", "isValid"})
# The words round a list of invalid values in a message, and its keys: portals have properties called Message.
_OF_LIST = re.compile(
    r'Property values were not valid:|"(?:isValid|message|error|name|propertyName|localizedErrorMessage|portalId)"\s*:'
)
_CODE = re.compile(r"[A-Z][A-Z0-9_]{0,39}")
_LIMITS = frozenset({"RATE_LIMITS", "RATE_LIMIT"})
_TAKEN = frozenset({"CONFLICT", "OBJECT_ALREADY_EXISTS"})
# The code of a value that another contact has, among those that are invalid.
_CLASH = "CONFLICTING_UNIQUE_VALUE"
# The same in an entry that is cut off: in a quoted value a backslash is before each quotation mark.
_CUT_CLASH = re.compile(rf'(?<!\\)"error"\s*:\s*"{_CLASH}"')
_EXISTING = re.compile(r"Existing ID:\s*(\d+)", re.IGNORECASE)
_HOLDER = re.compile(r"on\s+\S+?\.\s+(\d+)\s+already has that value", re.IGNORECASE)
_PROPERTY_NAME = re.compile(r"propertyName=([\w.]+)")
# Anchored at the start: later text may quote the customer.
_PROPERTY = re.compile(
    r"""Property \\?["']?([a-z]\w*)\\?["']? (?:(does not exist)\W*$|is a read only)""", re.IGNORECASE
)
_EMAIL = re.compile(r"Email address\b.*\bis (?:invalid|not valid)", re.IGNORECASE | re.DOTALL)
# That the portal is full: a limit, of records. What speaks of a row's properties may quote an admin's label.
_ROOM = re.compile(r"\b(?:limits?|maximum|is full|quota|capacity|upgrade)\b", re.IGNORECASE)
_RECORDS = re.compile(r"\b(?:contacts?|records?|crm objects?)\b", re.IGNORECASE)
_OF_ROW = re.compile(r"propert|required|missing|character|valid|\bvalues?\b|\bfields?\b", re.IGNORECASE)
_ROOM_CODE = re.compile(
    r"(?:RECORD|OBJECT|CONTACT)S?[._ -]*(?:COUNT[._ -]*)?LIMIT|PAYMENT[._ -]*REQUIRED", re.IGNORECASE
)
_NOT_UNIQUE = re.compile(r"Unable to perform \S+ by non-unique\b.*\bproperty", re.IGNORECASE)
_NO_PROPERTY = re.compile(r"(?:idProperty|unique)", re.IGNORECASE)


def classify(error: Mapping[str, Any], *, creates: bool = True) -> WriteOutcome:
    """The outcome that an error object of a row, or of a whole answer about one row, means. `creates`: whether the
    write may need room for a new record; the limit that another one meets is not the portal's."""
    outcome = _find_outcome(error, creates=creates)
    if not isinstance(outcome, RetryLater | Refused):
        return outcome
    status, category, correlation = (str(error.get(name) or "") for name in ("status", "category", "correlationId"))
    return replace(outcome, origin=Origin(status, category, correlation))


def _find_outcome(error: Mapping[str, Any], *, creates: bool) -> WriteOutcome:
    message = str(error.get("message") or "")
    status, category = str(error.get("status") or ""), str(error.get("category") or "").upper()
    existing = strings(context(error).get("existingId"))
    told = _without_quotes(message)
    holder = _HOLDER.search(told) or _EXISTING.search(told)
    taken = "already has that value" in told or "already exists" in told
    fields = invalid_fields(error)
    clashing = [name for name, code in fields.items() if code == _CLASH]
    if existing or holder or taken or clashing or category in _TAKEN or status == "409":
        named = [found[1] for found in [_PROPERTY_NAME.search(told)] if found] or clashing or [""]
        return Conflict(named[0], existing[0] if existing else holder.group(1) if holder else "")
    if category == NOT_FOUND or status == "404":
        return ContactMissing()
    if creates and lacks_room(error):
        return NoRoom()
    if is_busy(error):
        return RetryLater(reason("contact_busy"))
    if status == "423" or category == "LOCKED":
        return RetryLater(reason("contact_locked"))
    if fields:
        reasons = {name: why_invalid(code) for name, code in fields.items()}
        return Refused(reasons, reason("values_refused"), _read_demand(error))
    demand = _read_demand(error)
    if demand or "VALIDATION" in category or status == "400" or status in ("BAD_REQUEST", "INVALID"):
        return Refused({}, reason("contact_refused"), demand)
    return RetryLater(reason("error_unexplained"))


def _without_quotes(message: str) -> str:
    """The message without what it says of invalid values, which quotes them: a customer may have typed that some
    contact exists already. Of a value that another contact has the words stay."""
    head, found, _ = message.partition("Property values were not valid")
    entries, cut = _split_list(message) if found else ([], "")
    told = [str(one.get("message") or "") for one in entries if one.get("error") == _CLASH]
    return " ".join([head, *told, *([cut] if _CUT_CLASH.search(cut) else [])])


def lacks_room(error: Mapping[str, Any]) -> bool:
    """Whether the portal has as many contacts as it may have. HubSpot's body for it is not public, so any is read whose
    words or codes say so, about no value of the row."""
    status = str(error.get("status") or "")
    if status in ("401", "409", "423", "429") or is_busy(error) or invalid_fields(error):
        return False
    if status == "402":
        return True
    code = f"{error.get('category') or ''} {error.get('subCategory') or ''} {error.get('errorType') or ''}"
    message = str(error.get("message") or "").partition("[")[0]
    if _ROOM_CODE.search(code):
        return True
    about_row = _OF_ROW.search(message) or _DEMAND.search(message)
    return bool(_ROOM.search(message) and _RECORDS.search(message)) and not about_row


def is_busy(error: Mapping[str, Any]) -> bool:
    """Whether the error is about HubSpot's load or state, not about the contact."""
    return is_limited(error) or re.fullmatch(r"5\d\d", str(error.get("status") or "")) is not None


def is_limited(error: Mapping[str, Any]) -> bool:
    """Whether a quota is exceeded."""
    return str(error.get("status") or "") == "429" or str(error.get("category") or "").upper() in _LIMITS


def invalid_fields(error: Mapping[str, Any]) -> dict[str, str]:
    """Property -> code of every value that `error` or a detail in its `errors` names as invalid."""
    fields: dict[str, str] = {}
    for part in _parts(error):
        for name, code in _named(part):
            fields.setdefault(name, code[:40] or "INVALID")
    return fields


def lacks_key(error: Mapping[str, Any], key: str = CUSTOMER_ID) -> bool:
    """Whether the error says that the upsert key is no unique property of the portal."""
    if not isinstance(classify(error), Refused):
        return False
    fields = invalid_fields(error)
    if fields.get(key) in PORTAL_WIDE:
        return True
    message = str(error.get("message") or "")
    # Words about another property, or about a value, may quote what a customer typed.
    quotes = message.startswith("Property values were not valid") or _EMAIL.match(message)
    about_key = key in message and fields.keys() <= {key} and not quotes
    return bool(_NOT_UNIQUE.match(message)) or (about_key and bool(_NO_PROPERTY.search(message)))


def read_warnings(parts: Any) -> tuple[tuple[str, str], ...]:
    """Property ("" if none is named) and code of each warning in the list `parts`, at most `MAX_WARNINGS`."""
    found: dict[tuple[str, str], None] = {}
    for part in objects(parts):
        code = str(part.get("category") or part.get("subCategory") or "")
        for name in dict.fromkeys(name for name, _ in _named(part)) or [""]:
            found[name, code if _CODE.fullmatch(code) else "WARNING"] = None
    return tuple(found)[:MAX_WARNINGS]


def why_invalid(code: str) -> Reason:
    """Why HubSpot refuses a value, from its code; words in the place of one are not told."""
    return REASONS.get(code) or reason("value_refused", code=code if _CODE.fullmatch(code) else "INVALID")


def context(error: Mapping[str, Any]) -> dict[str, Any]:
    """The error's `context`; a text in its place is the name of a property."""
    found = error.get("context")
    if isinstance(found, str):
        return {"propertyName": found}
    return found if isinstance(found, dict) else {}


def objects(value: Any) -> list[dict[str, Any]]:
    """The JSON objects in `value` if it is a list, else none."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def strings(value: Any) -> list[str]:
    """`value` if it is a text, or the texts and numbers in it if it is a list."""
    if isinstance(value, str):
        return [value]
    return [str(item) for item in value if isinstance(item, str | int)] if isinstance(value, list) else []


def _parts(error: Mapping[str, Any], depth: int = 3) -> Iterator[Mapping[str, Any]]:
    """The error, the details in its `errors`, and theirs."""
    yield error
    for part in objects(error.get("errors")) if depth else ():
        yield from _parts(part, depth - 1)


def _named(part: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The properties that an error or one of its details names, with their codes ("" if there is none)."""
    message = str(part.get("message") or "")
    own = str(part.get("code") or part.get("subCategory") or "")
    for entry in _invalid_list(message):
        for name in [*strings(entry.get("name")), *strings(entry.get("propertyName"))]:
            yield name, str(entry.get("error") or own)
    for names in (*_about_properties(part), part.get("in"), part.get("propertyName")):
        for name in _names_in(names):
            yield name, own
    if found := _PROPERTY.match(message):
        yield found[1], own or ("PROPERTY_DOESNT_EXIST" if found[2] else "READ_ONLY_VALUE")
    if _EMAIL.match(message):
        yield "email", own or "INVALID_EMAIL"


def _about_properties(part: Mapping[str, Any]) -> list[Any]:
    """What stands in the context under keys for names of properties."""
    return [value for key, value in context(part).items() if _NAMES.search(key) and not _VALUES.search(key)]


def _names_in(value: Any) -> list[str]:
    """The names of properties in a text, or in a list of texts or of objects with a `name`."""
    inner = [str(one.get("name") or one.get("propertyName") or "") for one in objects(value)]
    return [name for name in (*strings(value), *inner) if _PROPERTY_FORM.fullmatch(name)]


def _read_demand(error: Mapping[str, Any]) -> str:
    """HubSpot's words and what its fields name, if they say that something is required, else ""."""
    parts = list(_parts(error))
    told = [_OF_LIST.sub(" ", str(part.get("message") or "")) for part in parts]
    told += [text for part in parts for text in strings(part.get("localizedErrorMessage"))]
    named = [text for part in parts for value in _about_properties(part) for text in strings(value)]
    others = [text for part in parts for text in _other_texts(part)]
    words = "\n".join([*told, *named, *others])
    codes = " ".join(str(part.get(key) or "") for part in parts for key in ("code", "subCategory", "category"))
    keys = " ".join(key for part in parts for key in (*part, *context(part)))
    return words if any(map(_DEMAND.search, (words, codes, keys))) else ""


def _other_texts(part: Mapping[str, Any]) -> Iterator[str]:
    """The texts of an error or one of its details in which properties may be named, apart from the usual fields."""
    errors, about = part.get("errors"), context(part)
    yield from _spread({key: value for key, value in part.items() if key != "propertyName"}, with_keys=False)
    yield from _spread(errors if isinstance(errors, dict) else [one for one in _list(errors) if isinstance(one, str)])
    yield from _spread({key: value for key, value in about.items() if not _NAMES.search(key)})
    yield from _spread([value for value in _about_properties(part) if isinstance(value, dict)])


def _spread(value: Any, *, with_keys: bool = True) -> Iterator[str]:
    """Every text in `value`, and the keys, for a name may be one; nothing that the customer said."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for one in value:
            yield from _spread(one)
    elif isinstance(value, dict):
        for key, inner in value.items():
            if key not in _APART and not _VALUES.search(key):
                if with_keys and key not in _BEFORE_NAMES:
                    yield key
                yield from _spread(inner)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _invalid_list(message: str) -> list[dict[str, Any]]:
    """The complete objects of the JSON list in a message; the list may be cut off."""
    return _split_list(message)[0]


def _split_list(message: str) -> tuple[list[dict[str, Any]], str]:
    """The same, and what follows them."""
    found: list[Any] = []
    _, _, rest = message.partition("[")
    with suppress(ValueError, RecursionError):
        while rest and "not valid" in message:
            entry, end = json.JSONDecoder().raw_decode(rest := rest.lstrip(" ,"))
            found.append(entry)
            rest = rest[end:]
    return objects(found), rest
