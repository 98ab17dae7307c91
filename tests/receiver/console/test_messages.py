"""Messages by themselves, which belong to no lead."""

from leadcore.store import keys
from leadcore.store.messages import Messages
from leadcore.store.outgoing import Outgoing
from leadcore.store.streams import Stream
from tests.conftest import SHARDS
from tests.receiver.console.conftest import ConsoleUser
from tests.receiver.console.test_views import TH, text_of
from workers.rules.delivery import finish, put_off

NOW = 1_772_000_000_000


def put(user: ConsoleUser, message_id: str, customer: str = "c-1") -> tuple[int, bytes, dict[bytes, bytes]]:
    """Put a message into the outbox; its shard, its entry and the fields of that."""
    Messages(user.redis, SHARDS).put(Outgoing(message_id, customer, ["It is on its way"]), "key")
    shard = keys.shard_of(customer, SHARDS)
    [(entry, fields)] = user.redis.xrange(keys.entries(keys.OUTBOX, shard))
    user.redis.delete(keys.entries(keys.OUTBOX, shard))
    return shard, entry, fields


def test_messages_are_listed_newest_first_with_what_became_of_them(user: ConsoleUser) -> None:
    assert "There is none of the last 30 days." in text_of(user.read("messages"))
    stream = Stream(user.redis, keys.OUTBOX)
    stream.apply(put_off(*put(user, "api:held"), NOW + 3_600_000, "held: quiet_hours", NOW))
    stream.apply(finish(*put(user, "order:R1:shipped"), "sent", NOW, store=False))
    stream.apply(finish(*put(user, "say:failed"), "failed: window_over", NOW, store=True))
    page = user.read("messages")
    text = text_of(page)
    assert "Held back: quiet hours (Until 25 Feb " in text
    assert "Not sent: the customer was last heard longer ago than window_hours" in text
    assert page.index("say:failed") < page.index("order:R1:shipped") < page.index("api:held")
    assert "on its way" not in page
    thai = text_of(user.read("messages", **TH))
    assert "พักไว้" in thai
    assert "ส่งถึงลูกค้าแล้ว" in thai


def test_the_tile_counts_confirmations_and_no_other_messages(user: ConsoleUser) -> None:
    stream = Stream(user.redis, keys.OUTBOX)
    stream.apply(finish(*put(user, "order:R1:shipped"), "sent", NOW, store=False))
    stream.apply(
        finish(0, b"1-1", {b"e": b"lead-1", b"c": b'{"id":"c-1"}', b"t": b'"Thank you"'}, "sent", NOW, store=False)
    )
    assert "Confirmed today 1 in the chat" in text_of(user.read())


def test_a_message_has_a_page_and_is_retried_there(user: ConsoleUser) -> None:
    shard, *entry = put(user, "api:1")
    Stream(user.redis, keys.OUTBOX).apply(finish(shard, *entry, "failed: window_over", NOW, store=True))
    text = text_of(user.read("leads/api:1"))
    assert "Message api:1" in text
    assert "Taken to be sent" in text
    assert "Intent" not in text
    assert "ประวัติของข้อความ" in text_of(user.read("leads/api:1", **TH))
    assert user.submit("retry", lead="api:1").status_code == 303
    text = text_of(user.read("leads/api:1"))
    assert "On its way" in text
    assert user.redis.xlen(keys.entries(keys.OUTBOX, shard)) == 1
