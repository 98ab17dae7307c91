"""Parts of a payload in another shape than DealDroid documents: JSON text in place of an object, a list in place of a
value, a key in another case. They are read as what they are as far as there is one way to read them.
"""

import html
import re
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import msgspec

from leadcore import key_names, street_parts
from leadcore.errors import LeadSyncError
from leadcore.filler import names_nobody, says_nothing
from leadcore.orders import money
from leadcore.text import MAX_TEXT, clean

# Far deeper than any payload, counting JSON text in JSON text.
_MAX_LAYERS = 12
_DECODE = msgspec.json.Decoder().decode
_ENCODE = msgspec.json.Encoder().encode
# The keys under which an object holds its value, among others that describe it.
_VALUE = ("fullname", "value", "text", "name")
_SURNAME = ("last", "lastname", "family", "familyname", "surname", "นามสกล")
_NICKNAME = ("nickname", "nick", "ชอเลน")
_NAME = (
    "prefix", "nameprefix", "คำนำหนา", "คำนำหนาชอ",
    "title", "first", "firstname", "given", "givenname", "ชอ", "middle", "middlename", *_SURNAME,
)  # fmt: skip
_CALLING_CODE = frozenset((
    "countrycode", "countrycallingcode", "callingcode", "dialcode", "dialingcode", "phonecode", "phonecountrycode",
    "isdcode", "prefix", "code", "cc",
))  # fmt: skip
_REGION = _CALLING_CODE | {"country", "countryiso", "countryiso2", "iso", "iso2", "region", "regioncode"}
_LONGEST_REGION = 40
_AREA = re.compile("0[1-9]")
_KIND = frozenset(("type", "label", "kind"))
# What of an address stands behind its street.
_SECOND_LINE = ("addressline2", "address2", "streetaddress2", "line2")
_ADDRESS = (
    "address", "street", "streetaddress", "addressline", "addressline1", "address1", "line1",
    *_SECOND_LINE, "village", "villageorproject", "subdistrict", "district",
    "city", "state", "province", "zip", "zipcode", "postcode", "postalcode", "country",
)  # fmt: skip
# A model may be called so too: X2, but not x 2; a weight is a part of what is sold.
_TIMES = re.compile(
    r"(?P<name>\S.*?)\s+(?:[x×*]\s?(?P<count>[1-9]\d{0,2})|(?P<counted>[1-9]\d{0,2}\s?"
    r"(?:ชิ้น|อัน|ตัว|ถุง|กล่อง|แพ็?[คก]|ขวด|ซอง|ลัง|คู่|ชุด|เซ็?ต|โหล|เล่ม|ใบ|ห่อ|กระป๋อง|กระปุก|หลอด|แผ่น"
    r"|(?i:pcs?|pieces?|packs?|box(?:es)?|bags?|bottles?|sets?|cans?))))"
    r"|(?P<before>[1-9]\d{0,2})\s?[x×*]\s+(?P<behind>\S.*)"
)
# Of a frame, or a model and how many; the name says both.
_TWO_NUMBERS = re.compile(r"(?<!\S)\d[\d./]*\s+[x×*]\s?\d[\d./]*(?!\S)")
_LONGEST_LINE = 500
# Nothing is sold for a smaller part of its price: a smaller number is none.
_MOST_OFF = 5
# In a sum, and in no count: the sign or name of a currency, or its two decimals.
_MONEY = re.compile(r"[^\W\d_]|[$฿€£¥₫₭]|\.\d\d$")
# Keys of what is added to the lines of a cart or taken off, and how a sum is written that is not 0.
_EXTRA = re.compile("ship|deliver|freight|postage|fee|discount|coupon|voucher|tax|vat|ส่ง|ลด|ภาษี")
_SUM = re.compile(r"\D{0,8}(?=[\d.,]*[1-9])\d[\d.,]*\D{0,8}")

Join = Callable[[list[str]], str]


class Keys(NamedTuple):
    """Known keys, and the same by their folded form and that of their other names."""

    names: frozenset[str]
    folded: Mapping[str, str]


TWO_WAYS = "it can be read in more than one way"


class Ambiguous(LeadSyncError, ValueError):
    """There is no one way to read it."""


def only(texts: list[str]) -> str:
    """The one text; raises `Ambiguous` if they differ."""
    if len({text.casefold() for text in texts}) > 1:
        raise Ambiguous(TWO_WAYS)
    return texts[0] if texts else ""


def words(texts: list[str]) -> str:
    """The parts of one name; raises `Ambiguous` if they are several names."""
    if len(texts) == 1 or not any(" " in text for text in texts):
        return " ".join(texts)
    return only(texts)


def lines(texts: list[str]) -> str:
    return "\n".join(texts)


def items(texts: list[str]) -> str:
    return ", ".join(texts)


def email(texts: list[str]) -> str:
    """The one that looks like an email; raises `Ambiguous` if several do."""
    return only([text for text in texts if "@" in text] or texts)


def read_value(value: Any, join: Join) -> str:
    """The text of a value in a list, an object or JSON text, as long as `clean` leaves one; raises `Ambiguous`."""
    return join(list(dict.fromkeys(_texts(value, join))))[:MAX_TEXT].rstrip()


def read_lines(value: Any) -> str:
    """A text, or the lines of one; raises `Ambiguous`."""
    value = unwrap(value)
    texts = value if isinstance(value, list) else [value]
    if not all(isinstance(text, str) for text in texts):
        raise Ambiguous(TWO_WAYS)
    return read_value(texts, lines)


def read_object(value: Any, keys: Keys, join: Callable[[str], Join]) -> dict[str, Any]:
    """The object in JSON text or a list; several objects are one if no value contradicts. `join`: how several values of
    a key are one. Raises `Ambiguous`."""
    objects = [rename(each, keys) for each in _objects(value)]
    if len(objects) <= 1:
        return objects[0] if objects else {}
    merged: dict[str, Any] = {}
    for key in keys.names:
        if not (values := [each[key] for each in objects if key in each]):
            continue
        if any(isinstance(one, dict | list) for one in values):
            raise Ambiguous(TWO_WAYS)
        merged[key] = values
        # Lines and words add up within one value, not across objects: those could be two people or two addresses.
        read_value(values, items if join(key) is items else only)
    return merged


def read_products(value: Any, keys: Keys) -> list[dict[str, Any]]:
    """The products in a list, an object of them, one product, their names or JSON text; raises `Ambiguous`."""
    if type(value) is list and all(type(each) is dict and each.keys() <= keys.names for each in value):
        return value
    return _products(value, keys)


def is_product(value: Mapping[str, Any], keys: Keys | None = None) -> bool:
    """Whether an object has the name or the code of a product, by `keys` also under another name."""
    if "products" in value:
        return False
    return any(
        (keys.folded.get(fold(key)) if keys else fold(key)) in ("name", "code") and not isinstance(each, dict | list)
        for key, each in value.items()
    )


def rename(part: dict[str, Any], keys: Keys) -> dict[str, Any]:
    """`part` with what stands under another name of a known key, or in another case or style, under that key. What
    several names of one key hold is one object; two spellings of one name count for nothing."""
    if part.keys() <= keys.names:
        return part
    part = _join_street(part, keys)
    renamed: dict[str, Any] = dict(part)
    claims: dict[str, list[str]] = {}
    for key in part.keys() - keys.names:
        if name := keys.folded.get(fold(key)):
            claims.setdefault(name, []).append(key)
    for name, claimants in claims.items():
        if len(set(map(fold, claimants))) < len(claimants):
            continue
        said = sorted(key for key in claimants if is_said(part[key])) or claimants[:1]
        own = part.get(name)
        if not is_said(own):
            alike = len({as_text(part[key]) for key in said}) == 1
            first = [key for key in said if fold(key) not in _SECOND_LINE]
            if alike:
                renamed[name] = part[said[0]]
            else:
                # Beside one street stand only its further lines.
                called = {first[0]: "address"} if len(first) == 1 else {}
                renamed[name] = {called.get(key, key): part[key] for key in said}
        elif name == "phone":
            renamed[name] = {name: own, **{key: part[key] for key in said if is_said(part[key])}}
        elif name == "name" and isinstance(own, str) and {*map(fold, said)} <= {*_SURNAME, *_NICKNAME}:
            is_first = " " not in own.strip()
            further = {key: part[key] for key in said if is_first or fold(key) in _NICKNAME}
            renamed[name] = {"first": own, **further} if further else own
        elif {*map(fold, said)} <= {*_SECOND_LINE} and any(is_said(part[key]) for key in said):
            renamed[name] = {"address": own, **{key: part[key] for key in said}}
    return renamed


def unwrap_object(part: dict[str, Any], keys: Keys) -> dict[str, Any]:
    """The one object in `part` that has known keys, where `part` says nothing under a key of its own that has: what of
    a customer stands under `recipient`, or of a cart under `order`."""
    if any(fold(key) in keys.folded and is_said(each) for key, each in part.items()):
        return part
    inner = [each for each in part.values() if isinstance(each, dict) and any(fold(key) in keys.folded for key in each)]
    return inner[0] if len(inner) == 1 else part


def _join_street(part: dict[str, Any], keys: Keys) -> dict[str, Any]:
    """`part` with the parts of a street that stand under keys of their own in its street, a text or none."""
    if not keys.names & _STREET:
        return part
    found = {kind: key for key in part if (kind := _STREET_PARTS.get(fold(key))) and is_said(part[key])}
    streets = [
        key
        for key in part
        if (keys.folded.get(fold(key)) in _STREET) and fold(key) not in _SECOND_LINE and is_said(part[key])
    ]
    texts = [part[key] for key in (*found.values(), *streets)]
    if not found or len(streets) > 1 or not all(isinstance(text, str | int | float) for text in texts):
        return part
    said = {kind: clean(part[key]) for kind, key in found.items()}
    street = clean(part[streets[0]]) if streets else ""
    thai = any(street_parts.is_thai(text) for text in part.values() if isinstance(text, str))
    rest = {key: text for key, text in part.items() if key not in found.values()}
    return rest | {streets[0] if streets else "street": street_parts.join(said, street, thai=thai)}


def fold(key: str) -> str:
    """A key without its case and style: `Contact-Info` and `contactInfo` are `contactinfo`."""
    return "".join(filter(str.isalnum, key)).casefold()


_VARIANTS = frozenset(map(fold, key_names.VARIANTS.split(", ")))
_STREET = frozenset(("street_address", "address"))
_STREET_PARTS = {fold(name): kind for kind, names in street_parts.NAMES.items() for name in names.split(", ")}


def index(names: Iterable[str], others: Mapping[str, str] = MappingProxyType({})) -> Keys:
    """`others`: the other names of some, parted by commas."""
    own = {fold(name): name for name in names}
    other = {fold(one): name for name, text in others.items() for one in text.split(", ")}
    return Keys(frozenset(own.values()), other | own)


_ADDRESS_KEYS = index(key_names.ADDRESS, key_names.ADDRESS)


def is_total_whole(cart: Mapping[str, Any]) -> bool:
    """Whether the `total` of a cart is what has to be paid: beside a fee or a discount it may be without it."""
    if "subtotal" in map(fold, cart):
        return True
    extras = (value for key, value in cart.items() if _EXTRA.search(key.casefold()))
    return not any(_SUM.fullmatch(text) for value in extras for text in _leaves(value))


def is_said(value: Any, depth: int = 0) -> bool:
    """Whether anything in `value` says something."""
    if isinstance(value, dict | list):
        inner = value.values() if isinstance(value, dict) else value
        return depth > _MAX_LAYERS or any(is_said(each, depth + 1) for each in inner)
    # What is called "Nan" or "Ko" may stand in any of its parts.
    return not says_nothing(clean(value), is_name=depth > 0)


def as_text(value: Any) -> str:
    """`value` as a person can read it."""
    if isinstance(value, str | int | float):
        return clean(value)
    try:
        return clean(_ENCODE(value).decode())
    except (ValueError, OverflowError, RecursionError):
        return clean(repr(value))


def read_text(value: Any) -> str:
    """The one text in `value`, else `value` as a person can read it."""
    try:
        return read_value(value, only)
    except Ambiguous:
        return as_text(value)


def unwrap(value: Any) -> Any:
    """What JSON text holds, however often it is encoded; any other value as it is."""
    for _ in range(_MAX_LAYERS):
        if not isinstance(value, str) or not value.lstrip().startswith(("{", "[", '"')):
            break
        try:
            value = _DECODE(value if '"' in value else html.unescape(value))
        except (ValueError, RecursionError):
            break
    return value


def _texts(value: Any, join: Join, depth: int = 0) -> list[str]:
    value = unwrap(value)
    if depth > _MAX_LAYERS:
        raise Ambiguous(TWO_WAYS)
    if isinstance(value, list):
        return [text for each in value for text in _texts(each, join, depth + 1)]
    if isinstance(value, dict):
        return [text for each in _values(value, join) for text in _texts(each, join, depth + 1)]
    text = clean(value)
    return [] if _is_filler(text, join) else [text]


def _is_filler(text: str, join: Join) -> bool:
    return names_nobody(text, is_part=True) if join is words else says_nothing(text, is_name=True)


def _values(value: dict[str, Any], join: Join) -> list[Any]:
    if join is lines:
        value = _join_street(value, _ADDRESS_KEYS)
    said = {
        fold(key): each
        for key, each in value.items()
        if (is_said(each) if join is not words or isinstance(each, dict | list) else not _is_filler(clean(each), join))
    }
    if join is items and not any(isinstance(each, dict | list) for each in said.values()):
        return _read_phone({key: clean(each) for key, each in said.items() if key not in _KIND or len(said) == 1})
    if join in (items, email) or len(said) <= 1:
        return list(said.values())
    if (currency := said.get("currency") or said.get("currencycode")) and len(said) == 2:
        return [f"{clean(amount)} {clean(currency)}" for key, amount in said.items() if key in ("amount", "value")]
    if (unit := said.get("unit")) and len(said) == 2:
        return [f"{clean(count)} {clean(unit)}" for key, count in said.items() if key != "unit"]
    if join is words and (key := next((key for key in _NICKNAME if key in said), "")):
        nickname, name = words(_texts(said.pop(key), join)), words(_texts(said, join))
        return [f"{name} ({nickname})" if name and nickname not in ("", name) else name or nickname]
    if join is lines:
        own = {key if key in _ADDRESS else fold(_ADDRESS_KEYS.folded.get(key, key)): each for key, each in said.items()}
        said = own if len(own) == len(said) else said
    for parts, joined in ((_NAME, words), (_ADDRESS, lines)):
        if join is joined and said.keys() <= set(parts):
            found = [said[key] for key in parts if key in said]
            return [" ".join(map(clean, found))] if join is words else found
    for key in _VALUE:
        if key in said:
            return [said[key]]
    raise Ambiguous(TWO_WAYS)


def _read_phone(said: dict[str, str]) -> list[Any]:
    """The numbers of an object, where it has only one with the country's calling code that stands beside it; raises
    `Ambiguous` if that code is not known."""
    beside = {key: text for key, text in said.items() if key in _REGION and len(text) <= _LONGEST_REGION}
    numbers = [text for key, text in said.items() if key not in beside and key != "areacode"]
    if len(numbers) != 1 or not any(map(str.isdigit, numbers[0])):
        return list(said.values())
    areas = [
        said.pop("areacode", ""),
        *(beside.pop(key) for key in _CALLING_CODE & beside.keys() if _AREA.match(beside[key])),
    ]
    number = "".join((*areas, *numbers))
    if not beside or number.startswith(("+", "00")):
        return [number]
    codes = {_calling_code(text) for text in beside.values()}
    if len(codes) != 1 or "" in codes:
        raise Ambiguous(TWO_WAYS)
    [code] = codes
    digits = "".join(filter(str.isdigit, number))
    return [f"+{number}" if digits.startswith(code) and len(digits) > len(code) + 7 else f"+{code} {number}"]


def _calling_code(text: str) -> str:
    """The digits of a calling code, or that of a country's ISO code; "" if it is neither."""
    if text.lstrip("+").isdigit():
        return text.lstrip("+0") if len(text.lstrip("+0")) <= 3 else ""
    if text.casefold() in ("thailand", "ไทย"):
        return "66"
    from phonenumbers import country_code_for_region

    return str(country_code_for_region(text.upper()) or "")


def _objects(value: Any, depth: int = 0) -> list[dict[str, Any]]:
    value = unwrap(value)
    if isinstance(value, dict):
        return [value] if is_said(value) else []
    if isinstance(value, list) and depth <= _MAX_LAYERS:
        return [found for each in value for found in _objects(each, depth + 1)]
    if is_said(value):
        raise Ambiguous(TWO_WAYS)
    return []


def _products(value: Any, keys: Keys, depth: int = 0) -> list[dict[str, Any]]:
    value = unwrap(value)
    if depth > _MAX_LAYERS:
        raise Ambiguous(TWO_WAYS)
    if isinstance(value, dict):
        if is_product(value, keys) or (depth and not value):
            return [_read_product(value, keys)]
        nested = [each for each in value.values() if isinstance(unwrap(each), dict | list)]
        others = [each for each in value.values() if not any(each is one for one in nested) and is_said(each)]
        # A line with its product in an object of its own.
        if others and len(nested) == 1 and isinstance(nested[0], dict) and is_product(nested[0], keys):
            line = {key: each for key, each in value.items() if each is not nested[0]}
            return [{**_read_product(nested[0], keys), **_read_product(line, keys)}]
        if others:
            raise Ambiguous(TWO_WAYS)
        value = nested
    if isinstance(value, list):
        return [found for each in value for found in _products(each, keys, depth + 1)]
    if isinstance(value, str):
        return _read_names(clean(value))
    if is_said(value):
        raise Ambiguous(TWO_WAYS)
    return []


def _read_product(value: dict[str, Any], keys: Keys) -> dict[str, Any]:
    """A product with all by which the shop tells its variants as a part of its name."""
    product = rename(value, keys)
    said = {fold(key): each for key, each in value.items() if is_said(each)}
    if "amount" in said and not product.get("count"):
        product |= _read_amount(clean(said["amount"]), clean(product.get("price")), clean(product.get("total")))
    name = product.get("name")
    if isinstance(name, str) and (variants := [text for key in _VARIANTS & said.keys() for text in _leaves(said[key])]):
        own = [text for text in sorted(dict.fromkeys(variants)) if text.casefold() not in name.casefold()]
        product["name"] = f"{name} ({', '.join(own)})" if own else name
    return product


def _read_amount(amount: str, price: str, total: str) -> dict[str, str]:
    """What the amount of a product is: how many, where a unit or the price shows it, or how much, where a currency or
    two decimals do; raises `Ambiguous`."""
    if _TIMES.fullmatch(f"- {amount}"):
        return {"count": amount}
    if not total and _MONEY.search(amount) and money.parse(amount):
        return {"total": amount}
    number, each, whole = map(money.read_number, (amount, price, total))
    if number and each and (number * each == whole if total else number * _MOST_OFF < each):
        return {"count": amount}
    raise Ambiguous(TWO_WAYS)


def _leaves(value: Any) -> list[str]:
    if isinstance(value, dict | list):
        return [text for each in (value.values() if isinstance(value, dict) else value) for text in _leaves(each)]
    return [] if says_nothing(text := clean(value), is_name=True) and len(text) != 1 else [text]


def _read_names(text: str) -> list[dict[str, Any]]:
    """The products in "Dog food x2, Cat food x1", else the one that `text` names."""
    if says_nothing(text):
        return []
    lines = re.split(r"[,;\n]", text) if len(text) <= _LONGEST_LINE and not _TWO_NUMBERS.search(text) else []
    counted = [_TIMES.fullmatch(line.strip()) for line in lines]
    if lines and not all(counted):
        counted = [_TIMES.fullmatch(text)]
    return [
        {"name": line["name"] or line["behind"], "count": line["count"] or line["counted"] or line["before"]}
        for line in counted
        if line
    ] or [{"name": text}]
