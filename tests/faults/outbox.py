"""Messages of customers of one shard, and what became of them."""

from leadcore.config import Config, Messages
from leadcore.store import keys, lines
from tests.conftest import lead, same_shard
from tests.faults.conftest import Scene, Worker

CUSTOMERS = same_shard("chat", 3)
CROWD = same_shard("crowd", 40)
RESENDING = Config(messages=Messages(resend_interrupted=True))


def fill(scene: Scene, customers: list[str] = CUSTOMERS) -> None:
    """Write leads; their messages wait in the outbox, without a job."""
    scene.accept(*(lead(one, name="Nok Jaidee") for one in customers))
    scene.steady.sync.drain(0)
    scene.redis.delete(f"rq:queue:{keys.QUEUE}", keys.bell(keys.OUTBOX, 0))
    assert scene.redis.xlen(keys.entries(keys.OUTBOX, 0)) == len(customers)


def times_sent(scene: Scene) -> dict[str, int]:
    with scene.line.chat.chats.lock:
        said = [str(message["customer_id"]) for message in scene.line.chat.chats.messages]
    return {one: said.count(one) for one in {*said}}


def message_states(scene: Scene) -> dict[str, str]:
    """The state of each customer's message."""
    return {customer: receipt.message.partition(":")[0] for customer, receipt in scene.receipts().items()}


def due_in(scene: Scene) -> list[float]:
    seconds, micros = scene.redis.time()
    later = scene.redis.zrange(keys.later(keys.OUTBOX, 0), 0, -1, withscores=True)
    return [due / 1000 - seconds - micros / 1e6 for _, due in later]


def work_when_due(scene: Scene, worker: Worker) -> None:
    """Sweep and run the jobs once the pause is over and delayed messages are due."""
    pause = scene.redis.hget(lines.OUTBOX.pause, "until")
    seconds, _ = scene.redis.time()
    scene.advance(max([*due_in(scene), int(pause or 0) / 1000 - seconds, 0]) + 3)
    worker.maintenance.sweep()
    worker.work()
