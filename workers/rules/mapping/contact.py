"""Pure: an intent event -> its values by HubSpot's property names."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property, lru_cache

from msgspec.structs import replace

from leadcore import language
from leadcore.config import Crm
from leadcore.event import Event
from leadcore.orders import money
from leadcore.reasons import reason
from leadcore.receipts import Note
from leadcore.text import DIGITS
from workers.rules.mapping import (
    address,
    country,
    email,
    id_numbers,
    misplaced,
    name,
    options,
    phone,
)
from workers.rules.mapping.address_extras import cut_extras
from workers.rules.mapping.mapped_event import MappedEvent
from workers.rules.mapping.options import Option

PAYMENTS = ("bank_transfer", "cash_on_delivery", "credit_card", "other")
_PAYMENT_WORDS = {
    "cod": "cash_on_delivery",
    "banktransfer": "bank_transfer",
    "transfer": "bank_transfer",
    "creditcard": "credit_card",
    "cashondelivery": "cash_on_delivery",
}
# Thai words for each are many; all of them hold one of these.
_PAYMENT_PARTS = {
    "ปลายทาง": "cash_on_delivery",
    "บัตรเครดิต": "credit_card",
    "โอน": "bank_transfer",
    "พร้อมเพย์": "bank_transfer",
    "promptpay": "bank_transfer",
    "prompt_pay": "bank_transfer",
}
_PAYMENT_IN_ENGLISH = (
    (re.compile(r"(?<![a-z])(?:c\.?o\.?d|on_delivery)(?![a-z])"), "cash_on_delivery"),
    (re.compile(r"credit_?card"), "credit_card"),
    (re.compile(r"(?<![a-z])transfer(?![a-z])"), "bank_transfer"),
)
_UNDECIDED = re.compile(r"ไม่|หรือ|(?<![a-z])(?:or|no|not|without|either)(?![a-z])")
_DIGIT = re.compile(r"\d")
_LETTER = re.compile(r"[^\W\d_]")
_TIMES = re.compile(r"[x×]?\s?(\d{1,9})(?:\.0+)?\s?[x×]?", re.IGNORECASE)
# Where nearly all who speak a language live, and local mobiles are none elsewhere.
_HOME_OF = {"zh": "CN", "ja": "JP", "ko": "KR", "lo": "LA", "km": "KH", "my": "MM", "vi": "VN", "id": "ID"}
# A field that cannot be read -> what the customer is asked for.
_UNREAD = {
    "name": "name",
    "phone": "phone",
    "contact_info": "phone",
    "email": "email",
    "address_parsing": "address",
    **dict.fromkeys(("address", "city", "zipcode", "street_address", "village_or_project"), "address"),
    **dict.fromkeys(("subdistrict", "district", "state", "postal_code", "country"), "address"),
}
# Keeps a cart of 100 products below the 65,536 characters that a text property holds (HubSpot's page).
MAX_NAME = 200
# What has as many is meant for a phone; a chat name or a house number has fewer.
MIN_DIGITS = 6


@dataclass(frozen=True)
class PortalOptions:
    """The options of the portal's enumerations, by property; a property that is absent accepts any text."""

    by_property: Mapping[str, Sequence[Option]] = field(default_factory=dict)

    @cached_property
    def languages(self) -> frozenset[str] | None:
        """The options of `hs_language`, None if it has none."""
        known = self.by_property.get("hs_language")
        return frozenset(option.value for option in known) if known else None

    def pick(self, property: str, spellings: Sequence[str]) -> str | None:
        """The option that the first possible of `spellings` means, None if the portal has none of them."""
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


def map_event(
    event: Event, said_ms: int, crm: Crm, portal_options: PortalOptions, *, lead: bool = True, orders: bool = False
) -> MappedEvent:
    """The values of `event`, which was sent at `said_ms` (milliseconds since 1970). `orders`: its cart makes an order,
    which needs a contact. Never raises."""
    draft = _Draft()
    given_name = event.contact.name
    contact, parts = misplaced.put_right_street(misplaced.put_right(event.contact, event.address), event.address)
    event = replace(event, contact=contact, address=parts)
    postal = address.build_address(event.address, event.contact, crm.province_language, crm.country)
    address_values = _address(draft, postal, portal_options)
    spoken = language.base_language(event.contact.language, event.contact.language_name)
    region = country.code(postal.country) or crm.country
    _name(draft, event, given_name, spoken, region)
    email_refused = _email(draft, event, crm)
    elsewhere = (*cut_extras(event.contact.name, region).phones, *postal.phones)
    phone_refused = _phone(draft, event, region, spoken, elsewhere)
    code = language.choose(event.contact.language, event.contact.language_name, portal_options.languages)
    unclear = _unread(draft, event) | {
        item for item, is_so in (("address", postal.contradictory), ("phone", phone_refused)) if is_so
    }
    reachable = bool(orders or draft.details or address_values or unclear or draft.unsaved.keys() & {"email", "phone"})
    placeholder = _placeholder(draft, event) if reachable else ""
    if code:
        draft.details["hs_language"] = code
    at = f"{_second(said_ms // 1000)}.{said_ms % 1000:03}Z"
    return MappedEvent(
        details=_fit(draft, draft.details, portal_options),
        address=_fit(draft, address_values, portal_options),
        activity=_fit(draft, _activity(draft, event, at), portal_options),
        creation=_fit(draft, _creation(event, at, crm, lead), portal_options, unsaved=False),
        unsaved=draft.unsaved,
        placeholder=placeholder,
        email_refused=email_refused,
        unclear=unclear,
        language=spoken,
        buying=bool(event.products),
        notes=tuple(draft.notes),
    )


@lru_cache(64)
def _second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat().removesuffix("+00:00")


def _given(**values: str) -> dict[str, str]:
    return {name: value for name, value in values.items() if value}


def _unread(draft: _Draft, event: Event) -> frozenset[str]:
    """Keep what has a shape that cannot be read; returns what of a contact it is."""
    for field_name, value in event.unread.items():
        draft.unsaved[field_name] = "; ".join(filter(None, (draft.unsaved.get(field_name), value)))
        draft.notes.append(Note(field_name, "dropped", reason("ambiguous")))
    return frozenset(_UNREAD[field_name] for field_name in event.unread.keys() & _UNREAD.keys())


def _name(draft: _Draft, event: Event, given: str, spoken: str, region: str) -> None:
    if not event.contact.name:
        return
    parsed = name.parse(event.contact.name, spoken, region)
    draft.details |= _given(
        firstname=parsed.first,
        lastname=parsed.last,
        company=parsed.company,
        dealdroid_nickname=parsed.nickname,
    )
    if parsed != name.Name():
        draft.details["dealdroid_name_given"] = given if _LETTER.search(given) else event.contact.name
    if _DIGIT.search(event.contact.name) and (
        tax_ids := [found[0].strip(" ()") for found in id_numbers.TAX_ID.finditer(event.contact.name)]
    ):
        draft.unsaved["name"] = "; ".join(tax_ids)


def _email(draft: _Draft, event: Event, crm: Crm) -> bool:
    """The email that was said, else the one that stands beside the name; whether one was refused."""
    said = event.contact.email
    if not said and "@" not in event.contact.name:
        return False
    found, unusable = email.parse(said) if said else (email.parse(event.contact.name)[0], "")
    if found and email.ignored(found, crm.ignored_emails):
        draft.notes.append(Note("email", "dropped", reason("email_ignored")))
    elif found:
        draft.details["email"] = found
    if unusable:
        draft.unsaved["email"] = unusable
    if unusable and not found:
        draft.notes.append(Note("email", "dropped", reason("email_invalid")))
    return bool(unusable) and not found and email.may_be_meant(said)


def _phone(draft: _Draft, event: Event, region: str, spoken: str, elsewhere: Sequence[str]) -> bool:
    """The phones that were said and, behind them, those that stand `elsewhere`, beside the name or in the address. One
    that is none in `region` may be a mobile where the customer's language is spoken. Returns whether a number was said
    and no phone is known."""
    parsed = said = phone.parse(event.contact.phone, region)
    if said.unparsed and not said.phone and spoken in _HOME_OF:
        at_home = phone.parse(event.contact.phone, _HOME_OF[spoken])
        parsed = said = at_home if at_home.mobile and not at_home.unparsed else said
    others = said.others
    for text in elsewhere:
        found = phone.parse(text, region)
        if not parsed.phone:
            parsed, others = found, (*others, *found.others)
        elif found.phone != parsed.phone or found.others:
            others = (*others, *(number for number in (found.phone, *found.others) if number != parsed.phone))
    draft.details |= _given(
        phone=parsed.phone,
        mobilephone=parsed.mobile,
        dealdroid_other_phones=", ".join(dict.fromkeys(others)),
    )
    if said.unparsed:
        draft.unsaved["phone"] = said.unparsed
        if not parsed.phone:
            draft.notes.append(Note("phone", "dropped", reason("phone_invalid")))
    return not parsed.phone and sum(map(str.isdecimal, said.unparsed)) >= MIN_DIGITS


def _address(draft: _Draft, postal: address.PostalAddress, portal_options: PortalOptions) -> dict[str, str]:
    address_values = _given(
        address=postal.address,
        city=postal.city,
        state=postal.state,
        zip=postal.zip,
        country=postal.country,
        dealdroid_subdistrict=postal.subdistrict,
        dealdroid_district=postal.district,
        dealdroid_village=postal.village,
    )
    if postal.unsaved:
        draft.unsaved["address"] = postal.unsaved
    if postal.contradictory:
        draft.notes.append(Note("address", "dropped", reason("contradictory")))
    for property in ("country", "state"):
        if (value := address_values.get(property)) is None:
            continue
        candidates = (value, *address.list_spellings(property, value, postal.country))
        value_offered = portal_options.pick(property, candidates)
        if value_offered is None:
            draft.unsaved[property] = address_values.pop(property)
            draft.notes.append(Note(property, "dropped", reason("option_missing")))
        else:
            address_values[property] = value_offered
    return address_values


def _fit(
    draft: _Draft, values: Mapping[str, str], portal_options: PortalOptions, *, unsaved: bool = True
) -> dict[str, str]:
    """`values` as options where the property is a dropdown, without those that it does not offer."""
    fitting = dict(values)
    for property in values.keys() & portal_options.by_property.keys():
        value_offered = portal_options.pick(property, [values[property]])
        if value_offered is not None:
            fitting[property] = value_offered
            continue
        value = fitting.pop(property)
        draft.notes.append(Note(property, "dropped", reason("option_missing")))
        if unsaved:
            draft.unsaved[property] = value
    return fitting


def _placeholder(draft: _Draft, event: Event) -> str:
    """The last name of a contact that HubSpot would not create without one. It is never shown to the customer."""
    if any(draft.details.get(key) for key in ("firstname", "lastname")):
        return ""
    if company := draft.details.get("company"):
        return company
    number = draft.details.get("phone", "")
    return phone.national(number) if number else f"Chat {event.customer_id[:8]}"


def _activity(draft: _Draft, event: Event, at: str) -> dict[str, str]:
    method = "_".join(event.payment_method.lower().replace("-", " ").split())
    method = _PAYMENT_WORDS.get(method, method)
    if method not in PAYMENTS and not _UNDECIDED.search(method):
        method = _find_method(method)
    if method and method not in PAYMENTS:
        draft.unsaved["payment_method"] = event.payment_method
        method = "other"
    return _given(
        dealdroid_last_intent=event.intent,
        dealdroid_last_intent_at=at,
        dealdroid_payment_method=method,
        dealdroid_cart=_cart(event),
        dealdroid_cart_total=money.parse(event.grand_total) if event.products else "",
        dealdroid_product_type=event.product_type,
    )


def _find_method(text: str) -> str:
    """The method that other words mean, `text` if they mean none or several."""
    if found := next((known for part, known in _PAYMENT_PARTS.items() if part in text), ""):
        return found
    methods = [known for words, known in _PAYMENT_IN_ENGLISH if words.search(text)]
    return methods[0] if len(methods) == 1 else text


def _cart(event: Event) -> str:
    lines = []
    for product in event.products:
        name, code = product.name[:MAX_NAME], product.code[:MAX_NAME]
        label = f"{name} ({code})" if name and code else name or code
        total = f" = {product.total[:30]}" if product.total else ""
        missing = "" if product.available else " [not available]"
        count = product.count[:20].translate(DIGITS)
        count = times[1] if (times := _TIMES.fullmatch(count)) else count
        lines.append(f"{count or '1'} x {label or '?'}{total}{missing}")
    if lines and event.shipping_fee:
        lines.append(f"Shipping: {event.shipping_fee[:30]}")
    if lines and event.grand_total:
        lines.append(f"Total: {event.grand_total[:MAX_NAME]}")
    return "\n".join(lines)


def _creation(event: Event, at: str, crm: Crm, lead: bool) -> dict[str, str]:
    return _given(
        hs_lead_status=crm.lead_status if lead else "",
        hs_legal_basis=crm.legal_basis,
        dealdroid_first_intent=event.intent,
        dealdroid_first_intent_at=at,
    )
