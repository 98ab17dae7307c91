"""The console shows how each address of hooks and notices is, and nothing of the address but number and host."""

import time

from leadcore.endpoint import PAUSED, STOPPED, pack
from leadcore.store import keys
from leadcore.store.endpoints import Endpoints
from tests.conftest import SHARDS
from tests.receiver.console.conftest import ConsoleUser
from tests.receiver.console.test_views import TH, add_worker, text_of


def add(user: ConsoleUser, line: str, number: int, name: str, **values: object) -> None:
    Endpoints(user.redis, line, SHARDS).register(f"digest{number}", number, name)
    flat = pack(**values) or pack(delivered=0)
    record = keys.endpoint(line, f"digest{number}")
    user.redis.hset(record, mapping=dict(zip(flat[::2], flat[1::2], strict=True)))


def test_without_addresses_there_is_no_table(user: ConsoleUser) -> None:
    add_worker(user)
    assert 'id="endpoints"' not in user.read()


def test_each_address_has_its_state_in_both_languages(user: ConsoleUser) -> None:
    add_worker(user)
    now_ms = int(time.time() * 1000)
    add(user, keys.HOOKS, 1, "shop.example.com", delivered=1_234, last_ms=now_ms)
    since = {"state": PAUSED, "since_ms": now_ms - 120_000, "until_ms": now_ms + 60_000}
    add(user, keys.HOOKS, 2, "erp.example.com", why="status 503", **since)
    add(user, keys.NOTICES, 1, "line", state=STOPPED, why="several_recipients")
    shown = text_of(user.read())
    for text in (
        "1 address takes no hooks",
        "1 address takes no notices to the team",
        "1. shop.example.com works 1,234",
        "2. erp.example.com paused, tried again at",
        "status 503",
        "1. line stopped: several_recipients. Repair it, then run: leadsync notify replay 1",
    ):
        assert text in shown
    shown = text_of(user.read(**TH))
    for text in ("มี 1 ปลายทางไม่รับ webhook", "ใช้งานได้", "หยุดพัก จะลองใหม่เวลา", "leadsync notify replay 1"):
        assert text in shown
