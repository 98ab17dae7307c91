"""Pure: what is posted and what is killed, all of it decided by the seed."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Says = Mapping[str, Mapping[str, str]]
"""Block -> property -> value. A block is said and written as a whole. The block `CART` is of an order, and its
properties are the codes of its lines, with count and price of each."""

CART = "cart"

CUSTOMERS_PER_LEAD = 0.15
# The values in a message, in the order of the text.
TOLD = ("firstname", "lastname", "phone", "email", "address")
INTENTS = ("Share contact", "Purchase", "Ask price", "Track order")
FIRST_NAMES = ("Anna", "Boris", "Carla", "Dieter", "Emil", "Fay", "Gita", "Hugo")
SYLLABLES = tuple(consonant + vowel for consonant in "bdgklmnprt" for vowel in "aeio")
BLANK_HOME = dict.fromkeys(
    (
        "address", "city", "state", "zip", "country",
        "dealdroid_subdistrict", "dealdroid_district", "dealdroid_village",
    ),
    "",
)  # fmt: skip

Kind = Literal[
    "worker", "workers", "supervisor", "receiver", "web", "web back", "redis", "redis back", "lag", "gust", "lull",
    "merge", "brownout", "brownout over", "old web, new workers", "new web, old workers", "all old", "all new",
]  # fmt: skip
# Which share of the storm is over when it happens. It begins and ends with enough of one revision to leave something
# for the next to find.
ROLLOUT: tuple[tuple[float, Kind], ...] = (
    (0.1, "old web, new workers"), (0.35, "new web, old workers"), (0.6, "all old"), (0.8, "all new"),
)  # fmt: skip
# Under steady faults the line is rightly paused much of the time, and a kill that meets idle workers proves little:
# hence the gusts, for who wants them.
GUST_SECONDS, LULL_SECONDS = 5.0, 10.0
# Beside the steady faults, for a while; and how often two contacts are merged.
BROWNOUT_SECONDS, BROWNOUT_EVERY_SECONDS = 3.0, 20.0
MERGE_SECONDS = (0.5, 1.5)
LAG_SECONDS = (0.5, 5.0)


@dataclass(frozen=True, slots=True)
class Lead:
    """One event: posted `at` seconds after the start with `body`; `text` is what its customer is told if told."""

    number: int
    at: float
    customer_id: str
    says: Says
    text: str
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Strike:
    """What is done `at` seconds after the start. "worker": one worker process is killed; "workers": all and their
    supervisor; "supervisor": only that; "receiver": one web process of two; "web": all of it; "redis": Redis; "lag":
    its replica falls behind; "gust", "lull": HubSpot begins and ends to fail; "brownout": it fails more often for a
    while; "merge": a salesperson merges two contacts; the others are a deployment, which kills nothing."""

    at: float
    kind: Kind


def make_leads(seed: int, leads: int, seconds: float) -> list[Lead]:
    """`leads` events at a steady rate. One in five follows at once on the one before, from the same customer; one in
    twelve says again what the customer said last; one in thirty is the last body once more, as it was."""
    dice = random.Random(f"leads {seed}")  # noqa: S311 - a script for a test, guards nothing
    customers = [f"chaos-{seed}-{number}" for number in range(max(1, int(leads * CUSTOMERS_PER_LEAD)))]
    last: dict[str, Lead] = {}
    script: list[Lead] = []
    for number in range(leads):
        follows = script and dice.random() < 0.2
        customer = script[-1].customer_id if follows else dice.choice(customers)
        before = last.get(customer)
        chance = dice.random()
        at = number * seconds / leads
        if before and chance < 1 / 30:
            lead = Lead(number, at, customer, before.says, before.text, before.body)
        elif before and chance < 1 / 30 + 1 / 12:
            lead = _lead(number, at, customer, before.says, before.body)
        else:
            lead = _lead(number, at, customer, *_say(number, dice))
        last[customer] = lead
        script.append(lead)
    return script


def _lead(number: int, at: float, customer: str, says: Says, said: Mapping[str, Any]) -> Lead:
    values = {name: value for block, said_of in says.items() if block != CART for name, value in said_of.items()}
    text = "|".join(values.get(name, "") for name in TOLD)
    body = {**said, "mid": f"m-{number}", "customer_id": customer, "intent": values["dealdroid_last_intent"]}
    return Lead(number, at, customer, says, text, body)


def _say(number: int, dice: random.Random) -> tuple[Says, Mapping[str, Any]]:
    """At least one block of contact or address news, in values that only this event has; as HubSpot's properties and as
    DealDroid's fields."""
    chosen = dice.sample(("name", "phone", "email", "address"), dice.choice((1, 1, 2, 2, 3, 4)))
    says: dict[str, Mapping[str, str]] = {"intent": {"dealdroid_last_intent": dice.choice(INTENTS)}}
    more: dict[str, Any] = {}
    if says["intent"]["dealdroid_last_intent"] == "Purchase":
        says[CART], more["shopping_cart"] = _cart(number)
    info: dict[str, str] = {"language": "en"}
    address: dict[str, str] = {}
    if "name" in chosen:
        first, last = dice.choice(FIRST_NAMES), _surname(number)
        info["name"] = f"{first} {last}"
        says["name"] = {"firstname": first, "lastname": last, "dealdroid_name_given": info["name"]}
    if "phone" in chosen:
        says["phone"] = dict.fromkeys(("phone", "mobilephone"), f"+6681{number:07d}")
        info["phone"] = f"081-{number // 10_000:03d}-{number % 10_000:04d}"
    if "email" in chosen:
        says["email"] = {"email": f"buyer.{number}@example.com"}
        info["email"] = f" Buyer.{number}@Example.com"
    if "address" in chosen:
        says["address"], address = dice.choice((_bangkok, _chiang_mai, _london))(number)
    return says, {"contact_info": info, "address_parsing": address, "payment_method": "bank_transfer", **more}


def _cart(number: int) -> tuple[Mapping[str, str], dict[str, Any]]:
    """One to three lines, some with a code that other carts have too."""
    lines = [(f"P{(number + at) % 7}", 1 + (number + at) % 4, 10 + number % 900) for at in range(1 + number % 3)]
    products = [
        {"code": code, "name": f"Product {code}", "count": count, "price": price} for code, count, price in lines
    ]
    return {code: f"{count} x {price}" for code, count, price in lines}, {"products": products}


def _surname(number: int) -> str:
    size = len(SYLLABLES)
    return "".join(SYLLABLES[number // size**place % size] for place in range(4)).capitalize()


def _bangkok(number: int) -> tuple[dict[str, str], dict[str, str]]:
    street = f"{number}/7 ถนนสุขุมวิท"
    home = {
        "address": f"{street} แขวงคลองตันเหนือ เขตวัฒนา",
        "city": "กรุงเทพมหานคร",
        "state": "กรุงเทพมหานคร",
        "zip": "10110",
        "country": "Thailand",
        "dealdroid_subdistrict": "คลองตันเหนือ",
        "dealdroid_district": "วัฒนา",
    }
    parts = {"subdistrict": "คลองตันเหนือ", "district": "เขตวัฒนา", "city": "กทม.", "state": "Bangkok"}
    return {**BLANK_HOME, **home}, {"street_address": street, **parts, "postal_code": "10110", "country": "ไทย"}


def _chiang_mai(number: int) -> tuple[dict[str, str], dict[str, str]]:
    street = f"{number}/2 ถนนห้วยแก้ว"
    home = {
        "address": f"{street} ต.สุเทพ อ.เมืองเชียงใหม่",
        "city": "เมืองเชียงใหม่",
        "state": "เชียงใหม่",
        "zip": "50200",
        "country": "Thailand",
        "dealdroid_subdistrict": "สุเทพ",
        "dealdroid_district": "เมืองเชียงใหม่",
    }
    parts = {"subdistrict": "สุเทพ", "district": "เมืองเชียงใหม่", "city": "เชียงใหม่", "state": "จ.เชียงใหม่"}
    return {**BLANK_HOME, **home}, {"street_address": street, **parts, "postal_code": "50200", "country": "Thailand"}


def _london(number: int) -> tuple[dict[str, str], dict[str, str]]:
    home = {"address": f"{number} Baker Street", "city": "London", "zip": "NW1 6XE", "country": "United Kingdom"}
    parts = {"street_address": home["address"], "city": "London", "postal_code": "NW1 6XE", "country": "UK"}
    return {**BLANK_HOME, **home}, parts


def make_strikes(seed: int, seconds: float, *, steady: bool = False) -> list[Strike]:
    """Workers die every 2 to 5 s, Redis three times or every 30 s, a web process or all of them around its deaths.
    `steady`: HubSpot fails all the time, not in gusts."""
    dice = random.Random(f"strikes {seed}")  # noqa: S311 - a script for a test, guards nothing
    kinds: tuple[Kind, ...] = ("worker", "worker", "worker", "worker", "workers", "supervisor")
    strikes = [Strike(0.0, "gust")] if steady else _gusts(seconds)
    at = dice.uniform(1, 4)
    while at < seconds:
        strikes.append(Strike(at, dice.choice(kinds)))
        at += dice.uniform(2, 5)
    at = dice.uniform(*MERGE_SECONDS) + seconds * 0.1
    while at < seconds:
        strikes.append(Strike(at, "merge"))
        at += dice.uniform(*MERGE_SECONDS)
    for number in range(int(seconds / BROWNOUT_EVERY_SECONDS)):
        at = (number + dice.uniform(0.0, 0.8)) * BROWNOUT_EVERY_SECONDS
        strikes += [Strike(at, "brownout"), Strike(at + BROWNOUT_SECONDS, "brownout over")]
    every = min(seconds / 3, 30.0)
    for number in range(int(seconds / every)):
        death = every * (number + dice.uniform(0.4, 0.6))
        strikes += [Strike(death, "redis"), Strike(death + dice.uniform(0, 4), "redis back")]
        # Every other time in the moment in which Redis forgets.
        at = death + (dice.uniform(-1, 3) if number % 2 else dice.uniform(-0.5, 0.4) * every)
        strikes += _web(max(at, 0.0), dice)
    return sorted(strikes, key=lambda strike: strike.at)


def make_lags(seed: int, strikes: Sequence[Strike]) -> list[Strike]:
    """For a Redis that fails over when it is killed: how long before that its replica falls behind."""
    dice = random.Random(f"lags {seed}")  # noqa: S311 - a script for a test, guards nothing
    return [Strike(max(0.0, one.at - dice.uniform(*LAG_SECONDS)), "lag") for one in strikes if one.kind == "redis"]


def make_rollout(seconds: float) -> list[Strike]:
    """The way from one revision to the next: either half first, back again, and then at once."""
    return [Strike(share * seconds, kind) for share, kind in ROLLOUT]


def _gusts(seconds: float) -> list[Strike]:
    period = GUST_SECONDS + LULL_SECONDS
    begins = [LULL_SECONDS / 2 + number * period for number in range(int(seconds / period))]
    return [strike for at in begins for strike in (Strike(at, "gust"), Strike(at + GUST_SECONDS, "lull"))]


def _web(at: float, dice: random.Random) -> list[Strike]:
    if dice.random() < 0.5:
        return [Strike(at, "receiver")]
    return [Strike(at, "web"), Strike(at + dice.uniform(0, 2), "web back")]
