"""Pure: an intent event -> what it says about its customer, in HubSpot's property names."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property, lru_cache

from leadcore.config import Crm
from leadcore.event import Event
from leadcore.receipts import Note
from workers.rules.mapping import address, country, email, language, name, options, phone, provinces
from workers.rules.mapping.address_line import DIGITS
from workers.rules.mapping.facts import Facts
from workers.rules.mapping.options import Option

PAYMENTS = ("bank_transfer", "cash_on_delivery", "credit_card", "other")
# Keeps a cart of 100 products under the 65,536 characters that a text property holds (HubSpot's page).
MAX_NAME = 200
_NUMBER = re.compile(r"-?\d(?:[\d., ]*\d)?", re.ASCII)
_POINT = re.compile(r"-?(?:\d+|[1-9]\d{0,2}(?:[, ]\d{3})+)(?:\.\d+)?", re.ASCII)
# No money has three decimals.
_COMMA = re.compile(r"-?(?:\d+|[1-9]\d{0,2}(?:[. ]\d{3})+)(?:,\d{1,2})?", re.ASCII)


@dataclass(frozen=True)
class Choices:
    """The options of the portal's enumerations, by property; a property that is absent takes any text."""

    by_property: Mapping[str, Sequence[Option]] = field(default_factory=dict)

    @cached_property
    def languages(self) -> frozenset[str] | None:
        """The options of `hs_language`, None where it has none."""
        known = self.by_property.get("hs_language")
        return frozenset(option.value for option in known) if known else None

    def pick(self, property: str, spellings: Sequence[str]) -> str | None:
        """The value to write for the first of `spellings` that fits, None if the portal offers none of them."""
        if not self.by_property.get(property):
            return spellings[0]
        index = self._indexes[property]
        return spellings[0] if index.get(spellings[0]) == spellings[0] else options.find(spellings, index)

    @cached_property
    def _indexes(self) -> dict[str, dict[str, str]]:
        return {property: options.index(known) for property, known in self.by_property.items()}


@dataclass(slots=True)
class _Draft:
    details: dict[str, str] = field(default_factory=dict)
    unsaved: dict[str, str] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)


def facts(event: Event, said_ms: int, crm: Crm, choices: Choices, *, lead: bool = True) -> Facts:
    """What `event`, said at `said_ms` (milliseconds since 1970), says. Never raises."""
    draft = _Draft()
    block = address.build(event.address, event.contact, crm.province_language, crm.country)
    where = _address(draft, block, choices)
    _name(draft, event)
    email_refused = _email(draft, event, crm)
    _phone(draft, event, country.code(block.country) or crm.country)
    code = language.choose(event.contact.language, event.contact.language_name, choices.languages)
    reachable = bool(draft.details or where or draft.unsaved.keys() & {"email", "phone"})
    placeholder = _placeholder(draft, event) if reachable else ""
    if code:
        draft.details["hs_language"] = code
    at = f"{_second(said_ms // 1000)}.{said_ms % 1000:03}Z"
    return Facts(
        details=_fit(draft, draft.details, choices),
        address=_fit(draft, where, choices),
        activity=_fit(draft, _activity(draft, event, at), choices),
        creation=_fit(draft, _creation(event, at, crm, lead), choices, unsaved=False),
        unsaved=draft.unsaved,
        placeholder=placeholder,
        email_refused=email_refused,
        language=language.speaks(event.contact.language, event.contact.language_name),
        buying=bool(event.products),
        notes=tuple(draft.notes),
    )


@lru_cache(64)
def _second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat().removesuffix("+00:00")


def _said(**values: str) -> dict[str, str]:
    return {name: value for name, value in values.items() if value}


def _name(draft: _Draft, event: Event) -> None:
    parsed = name.parse(event.contact.name)
    draft.details |= _said(
        firstname=parsed.first,
        lastname=parsed.last,
        company=parsed.company,
        dealdroid_nickname=parsed.nickname,
    )
    if parsed != name.Name():
        draft.details["dealdroid_name_given"] = event.contact.name


def _email(draft: _Draft, event: Event, crm: Crm) -> bool:
    if not event.contact.email:
        return False
    found, unusable = email.parse(event.contact.email)
    if found and email.ignored(found, crm.ignored_emails):
        draft.notes.append(Note("email", "dropped", "it is one of ignored_emails"))
    elif found:
        draft.details["email"] = found
    if unusable:
        draft.unsaved["email"] = unusable
        draft.notes.append(Note("email", "dropped", "it is not a valid email address"))
    return bool(unusable) and not found


def _phone(draft: _Draft, event: Event, region: str) -> None:
    parsed = phone.parse(event.contact.phone, region)
    draft.details |= _said(
        phone=parsed.phone,
        mobilephone=parsed.mobile,
        dealdroid_other_phones=", ".join(parsed.others),
    )
    if parsed.unparsed:
        draft.unsaved["phone"] = parsed.unparsed
        if not parsed.phone:
            draft.notes.append(Note("phone", "dropped", "it is not a phone number"))


def _address(draft: _Draft, block: address.Block, choices: Choices) -> dict[str, str]:
    where = _said(
        address=block.address,
        city=block.city,
        state=block.state,
        zip=block.zip,
        country=block.country,
        dealdroid_subdistrict=block.subdistrict,
        dealdroid_district=block.district,
        dealdroid_village=block.village,
    )
    if block.unsaved:
        draft.unsaved["address"] = block.unsaved
    province = provinces.find(block.state) if block.state else None
    spellings = {
        "country": (block.country, *country.spellings(block.country)),
        "state": (block.state, *(province.spellings if province else ())),
    }
    for property, candidates in spellings.items():
        if property not in where:
            continue
        chosen = choices.pick(property, candidates)
        if chosen is None:
            draft.unsaved[property] = where.pop(property)
            draft.notes.append(Note(property, "dropped", "HubSpot has no such option"))
        else:
            where[property] = chosen
    return where


def _fit(draft: _Draft, values: Mapping[str, str], choices: Choices, *, unsaved: bool = True) -> dict[str, str]:
    """`values` without those that a dropdown of the portal does not offer."""
    fitting = dict(values)
    for property in values.keys() & choices.by_property.keys():
        chosen = choices.pick(property, [values[property]])
        if chosen is not None:
            fitting[property] = chosen
            continue
        value = fitting.pop(property)
        draft.notes.append(Note(property, "dropped", "HubSpot has no such option"))
        if unsaved:
            draft.unsaved[property] = value
    return fitting


def _placeholder(draft: _Draft, event: Event) -> str:
    """The last name of a contact that HubSpot would not create without one: never shown to the customer."""
    if any(draft.details.get(key) for key in ("firstname", "lastname")):
        return ""
    number = draft.details.get("phone", "")
    return phone.national(number) if number else f"Chat {event.customer_id[:8]}"


def _activity(draft: _Draft, event: Event, at: str) -> dict[str, str]:
    method = event.payment_method.lower()
    if method and method not in PAYMENTS:
        draft.unsaved["payment_method"] = event.payment_method
        method = "other"
    return _said(
        dealdroid_last_intent=event.intent,
        dealdroid_last_intent_at=at,
        dealdroid_payment_method=method,
        dealdroid_cart=_cart(event),
        dealdroid_cart_total=_total(event.grand_total) if event.products else "",
        dealdroid_product_type=event.product_type,
    )


def _cart(event: Event) -> str:
    lines = []
    for product in event.products:
        name, code = product.name[:MAX_NAME], product.code[:MAX_NAME]
        label = f"{name} ({code})" if name and code else name or code
        total = f" = {product.total[:30]}" if product.total else ""
        missing = "" if product.available else " [not available]"
        lines.append(f"{product.count[:20] or '1'} x {label or '?'}{total}{missing}")
    if lines and event.shipping_fee:
        lines.append(f"Shipping: {event.shipping_fee[:30]}")
    if lines and event.grand_total:
        lines.append(f"Total: {event.grand_total[:MAX_NAME]}")
    return "\n".join(lines)


def _total(text: str) -> str:
    """The one number in `text`, 1,250.50 or 1.250,50; "" where there are several or it can be read in two ways, as
    1.250 can. The cart shows the text as it is."""
    numbers = _NUMBER.findall(text.translate(DIGITS))
    if len(numbers) != 1:
        return ""
    [number] = numbers
    readings = set()
    if _POINT.fullmatch(number):
        readings.add(re.sub("[, ]", "", number))
    if _COMMA.fullmatch(number):
        readings.add(re.sub("[. ]", "", number).replace(",", "."))
    return readings.pop() if len(readings) == 1 else ""


def _creation(event: Event, at: str, crm: Crm, lead: bool) -> dict[str, str]:
    return _said(
        hs_lead_status=crm.lead_status if lead else "",
        hs_legal_basis=crm.legal_basis,
        dealdroid_first_intent=event.intent,
        dealdroid_first_intent_at=at,
    )
