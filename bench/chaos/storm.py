"""One storm: leads, strikes and faults for a while; then peace, and a look at everything."""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

import redis

from bench.chaos.expected import Merge, Post
from bench.chaos.found import Contact, Found, Message, read_orders
from bench.chaos.poster import post_all
from bench.chaos.script import Lead, Strike
from bench.chaos.stage import KEY, SECRET, Stage
from leadcore import event
from leadcore.receipts import Receipt
from leadcore.store import keys
from leadcore.store.leads import read_receipts
from workers.rules.customer import unpack

HUBSPOT_SHARE, DEALDROID_SHARE = 0.3, 0.2
HUBSPOT_FAULTS: tuple[dict[str, Any], ...] = (
    {"kind": "429_burst", "retry_after": 1},
    {"kind": "500"},
    {"kind": "502"},
    # A little longer than the client waits.
    {"kind": "hang", "seconds": 11},
    {"kind": "lost_answer"},
    {"kind": "empty_results"},
)
# None that ends a connection before the message is taken: such a customer stays untold, and nobody could tell that
# from a broken promise.
DEALDROID_FAULTS: tuple[dict[str, Any], ...] = (
    {"kind": "429"},
    {"kind": "500"},
    {"kind": "502"},
    {"kind": "lost_answer"},
)
BROWNOUT: dict[str, Any] = {"kind": "brownout", "name": "brownout", "probability": 0.5}
KILLS = frozenset({"worker", "workers", "supervisor", "receiver", "web", "redis"})
CALM_SECONDS = 4.0
RECOVERY_SECONDS = 180.0


def faults(kinds: Sequence[Mapping[str, Any]], share: float) -> list[dict[str, Any]]:
    """`kinds`, each so likely that together they strike `share` of the calls: they are drawn one after the other."""
    each = 1 - (1 - share) ** (1 / len(kinds))
    return [{**kind, "probability": each} for kind in kinds]


def rage(
    stage: Stage, script: Sequence[Lead], strikes: Sequence[Strike], seed: int, say: Callable[[str], None]
) -> Found:
    """The storm over a stage that works."""
    stage.ask(stage.hubspot, "POST", "settings", {"latency": 0.15, "merged_writes": ("routed", "refused")[seed % 2]})
    stage.ask(stage.dealdroid, "POST", "settings", {"latency": 0.03})
    stage.ask(stage.dealdroid, "POST", "faults", faults(DEALDROID_FAULTS, DEALDROID_SHARE))
    posts: list[Post] = []
    began = time.monotonic()
    poster = threading.Thread(target=lambda: posts.extend(post_all(script, stage.ports["web"], SECRET, began)))
    poster.start()
    dice = random.Random(f"choices {seed}")  # noqa: S311 - which process dies
    kills: Counter[str] = Counter()
    merges: list[Merge] = []
    for strike in strikes:
        time.sleep(max(0.0, began + strike.at - time.monotonic()))
        say(f"{time.monotonic() - began:6.1f} s  {strike.kind}")
        if strike.kind == "merge":
            merges += merge(stage, script, dice)
        else:
            do(stage, strike, dice.random())
        if strike.kind in KILLS:
            kills[strike.kind] += 1
    poster.join()
    stage.start_redis()
    stage.start_web()
    for stand_in in (stage.hubspot, stage.dealdroid):
        stage.ask(stand_in, "DELETE", "faults")
    say(f"{time.monotonic() - began:6.1f} s  the storm is over")
    recovery, left = _recover(stage)
    return look(stage, posts, recovery, left, kills, merges)


def do(stage: Stage, strike: Strike, choice: float) -> None:
    """One strike; `choice` (0 to 1) decides which of several processes dies."""
    match strike.kind:
        case "worker":
            stage.kill_worker(choice)
        case "workers":
            stage.kill_workers()
        case "supervisor":
            stage.kill_supervisor()
        case "receiver":
            stage.kill_receiver(choice)
        case "web":
            stage.kill_web()
        case "web back":
            stage.start_web()
        case "redis":
            stage.kill_redis()
        case "lag":
            stage.delay_replica()
        case "redis back":
            stage.start_redis()
        case "old web, new workers":
            stage.deploy(web=stage.old, workers=stage.new)
        case "new web, old workers":
            stage.deploy(web=stage.new, workers=stage.old)
        case "all old":
            stage.deploy(web=stage.old, workers=stage.old)
        case "all new":
            stage.deploy(web=stage.new, workers=stage.new)
        case "gust":
            stage.ask(stage.hubspot, "POST", "faults", faults(HUBSPOT_FAULTS, HUBSPOT_SHARE))
        case "lull":
            stage.ask(stage.hubspot, "DELETE", "faults")
        case "brownout":
            stage.ask(stage.hubspot, "POST", "faults", [BROWNOUT])
        case "brownout over":
            stage.ask(stage.hubspot, "DELETE", "faults/brownout")


def merge(stage: Stage, script: Sequence[Lead], dice: random.Random) -> list[Merge]:
    """What a salesperson does to two contacts of which the workers know; of others they may not know yet that they
    made them."""
    with suppress(redis.RedisError):
        customers = list(dict.fromkeys(lead.customer_id for lead in script))
        records = stage.redis.mget([keys.customer(keys.digest(KEY.encode(), one)) for one in customers])
        known = {one for one, raw in zip(customers, records, strict=True) if unpack(raw).known}
        state = stage.ask(stage.hubspot, "GET", "state")["contacts"]
        found = [each["properties"].get("dealdroid_customer_id", "") for each in state]
        free = sorted(known.intersection(found))
        if len(free) > 1:
            primary, other = dice.sample(free, 2)
            wanted = {"primary": primary, "other": other, "by": "dealdroid_customer_id"}
            stage.ask(stage.hubspot, "POST", "merges", wanted)
            return [Merge(time.time(), primary, other)]
    return []


def _recover(stage: Stage) -> tuple[float, int]:
    """Seconds until everything was empty, and stayed so; what was left if it did not get empty."""
    began = time.monotonic()
    empty_at, left = 0.0, -1
    while time.monotonic() < began + RECOVERY_SECONDS:
        with suppress(redis.RedisError):
            left = stage.left()
        if left:
            empty_at = 0.0
        elif not empty_at:
            empty_at = time.monotonic()
        elif time.monotonic() - empty_at > CALM_SECONDS:
            return empty_at - began, 0
        time.sleep(0.1)
    return RECOVERY_SECONDS, left


def look(
    stage: Stage,
    posts: Sequence[Post],
    recovery: float,
    left: int,
    kills: Mapping[str, int],
    merges: Sequence[Merge] = (),
) -> Found:
    """What became of `posts`; asked when all is over."""
    calls = stage.ask(stage.hubspot, "GET", "calls")
    state = stage.ask(stage.hubspot, "GET", "state")
    return Found(
        posts=posts,
        receipts=_receipts(stage, posts),
        contacts=_contacts(stage),
        messages=[
            Message(each["at"], str(each["customer_id"]), each["text"])
            for each in stage.ask(stage.dealdroid, "GET", "messages")
        ],
        cut_off=len(stage.cut_off),
        left=left,
        recovery=recovery,
        calls=len(calls),
        faulty=sum(bool(call["fault"]) for call in calls),
        real_429s=sum(call["status"] == "429" and not call["fault"] for call in calls),
        kills=kills,
        merges=merges,
        orders=read_orders(state["orders"], state["line_items"]) if stage.makes_orders else None,
    )


def _receipts(stage: Stage, posts: Sequence[Post]) -> dict[int, Receipt]:
    leads = {post.lead.number: keys.digest(KEY.encode(), event.encode(dict(post.lead.body))) for post in posts}
    found = read_receipts(stage.redis, leads.values())
    return {number: receipt for number, receipt in zip(leads, found, strict=True) if receipt}


def _contacts(stage: Stage) -> list[Contact]:
    ids = [contact["id"] for contact in stage.ask(stage.hubspot, "GET", "state")["contacts"]]
    found = (stage.ask(stage.hubspot, "GET", f"contacts/{one}") for one in ids)
    return [Contact(one["id"], one["properties"], _changes(one["history"])) for one in found]


def _changes(history: Mapping[str, Sequence[Mapping[str, str]]]) -> dict[str, list[tuple[float, str]]]:
    return {
        name: [(datetime.fromisoformat(change["at"]).timestamp(), change["value"]) for change in changes]
        for name, changes in history.items()
    }
