"""What is found when all is over, and whether it is what was promised."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from bench.chaos.expected import Merge, Post
from bench.chaos.found import Contact, Found, Message, read_orders
from bench.chaos.report import Row
from bench.chaos.report import judge as judge_storm
from bench.simulation import losses, parties, stages
from bench.simulation.world import World
from leadcore import event
from leadcore.receipts import WRITTEN, Receipt
from leadcore.store import keys
from leadcore.store.leads import read_receipts
from leadcore.store.messages import Messages
from leadcore.store.orders import read_order
from sandbox.hubspot import control
from workers.rules.orders.property_names import ORDER_ID


def judge(world: World) -> list[Row]:
    """Each promise, and whether it was kept."""
    contacts = [Contact(str(one.id), one.properties, one.history()) for one in world.portal.contacts.records.values()]
    posts = sorted(world.posts, key=lambda post: post.lead.number)
    receipts = _read_receipts(world, posts)
    settled: dict[str, list[float]] = {}
    for receipt in receipts.values():
        settled.setdefault(receipt.contact_id, []).append((receipt.written_ms or 0) / 1000)
    search_lag = world.portal.settings.search_lag
    parted = losses.find_parted(world.loss, world.merges, contacts, search_lag, settled)
    found = _look(world, posts, receipts, contacts, parted)
    told = [(str(one["customer_id"]), one["text"]) for one in world.chats.messages]
    apart = {merge.other for merge in parted} | losses.find_rejoined(world.loss, world.merges, search_lag)
    rows = [
        *judge_storm(found),
        _judge_counts(world, found),
        Row("pauses shortened", str(world.pauses.shortened), bool(world.pauses.shortened)),
        *_judge_parties(world, found, told, apart),
        *world.moves.judge(world.client, told),
    ]
    return excuse_silence(rows, found.posts)


def excuse_silence(rows: Sequence[Row], posts: Sequence[Post]) -> list[Row]:
    """Where nobody listened before the storm was over there is nothing to acknowledge or to tell."""
    if any(post.answer != "refused" for post in posts):
        return [*rows]
    return [replace(row, broken=False) if row.name in ("acknowledged", "messages") else row for row in rows]


def _read_receipts(world: World, posts: Sequence[Post]) -> dict[int, Receipt]:
    """By the number of the lead."""
    key = world.receiver_settings.shared.key.encode()
    leads = {post.lead.number: keys.digest(key, event.encode(dict(post.lead.body))) for post in posts}
    receipts = read_receipts(world.client, leads.values())
    return {number: one for number, one in zip(leads, receipts, strict=True) if one}


def _look(
    world: World,
    posts: Sequence[Post],
    receipts: Mapping[int, Receipt],
    contacts: Sequence[Contact],
    parted: Mapping[Merge, tuple[Contact, Contact]],
) -> Found:
    messages = [Message(one["at"], str(one["customer_id"]), one["text"]) for one in world.chats.messages]
    told = {one.customer_id for one in messages}
    orders = read_orders(*(control._records(world.portal, name) for name in ("orders", "line_items")))
    merges = losses.find_known(world.merges, parted)
    unsaid = losses.find_unsaid(world.loss, told, world.merges)
    return Found(
        posts=posts,
        receipts=receipts,
        contacts=losses.join(contacts, parted, posts, merges),
        messages=[
            one
            for one in losses.drop_repeats(world.loss, messages, world.to_dealdroid.senders, world.workers)
            if not one.text.startswith((parties.API, parties.THANKS, stages.SAID))
        ],
        cut_off=len(world.cut_off | world.loss.sending) + len(unsaid),
        left=world.left,
        recovery=world.recovery,
        calls=world.to_hubspot.requests,
        faulty=world.to_hubspot.faulty,
        # What went out before a loss Redis does not count after it.
        real_429s=0 if world.loss.at else world.to_hubspot.refused,
        kills=world.kills,
        merges=merges,
        orders=losses.unlink(orders, parted),
    )


def _judge_counts(world: World, found: Found) -> Row:
    """The records of what was written hide it if a lead is settled again; its count does not."""
    counted = sum(int(world.client.hget(keys.COUNTS, state) or 0) for state in WRITTEN)
    written = {post.lead.body["mid"] for post in found.posts if found.receipts.get(post.lead.number)}
    return Row("leads settled", f"{counted} of {len(written)}", counted != len(written))


def _judge_parties(world: World, found: Found, told: Sequence[tuple[str, str]], parted: Collection[str]) -> list[Row]:
    """What the other parties were promised. `told`: customers and texts; `parted`: who may have had a contact of their
    own for a while, see `bench.simulation.losses`."""
    messages, receipts, paid = Messages(world.client, world.shards), found.receipts, world.shop.paid
    stage = stages.find_stage(world.portal, parties.PAID_STAGE)
    orders = world.portal.tables["orders"].records.values()
    moved = {one.properties[ORDER_ID] for one in orders if one.properties["hs_pipeline_stage"] == stage}
    noted = [one.lead for one in receipts.values() if one.intent == parties.NOTED and one.state in WRITTEN]
    notes = [one.properties["hs_note_body"] for one in world.portal.tables["notes"].records.values()]
    rows = [
        *parties.judge_notes(notes, noted, {one.lead for one in receipts.values() if one.customer_id in parted}),
        *parties.judge_messages(
            world.shop.asked,
            [one for one in told if one[1].startswith(parties.API)],
            {one.id: messages.read(one.id) for one in world.shop.asked},
        ),
        parties.judge_payments(
            paid,
            [one for one in paid if one not in moved or not read_order(world.client, one).paid],
            world.client.zcard(keys.PARKED_PAYMENTS),
        ),
        parties.judge_thanks([one for one in told if one[1].startswith(parties.THANKS)]),
    ]
    if world.hooked:
        rows += parties.judge_hooks(world.hooks.taken, receipts, paid)
    if world.noticed:
        rows.append(parties.judge_notices(world.team.heard, receipts))
    return rows
