"""The receiver as a process, without workers."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import PATIENT, Line, open_line

FIRST, SECOND, THIRD = "first-key-7f3a91", "กุญแจดอกที่สองของร้าน", "the third key of all"
SECRETS = f"  {FIRST} ,{SECOND},\t{THIRD}\n"
CONFIG = """
[intents."Purchase"]
reply = ["One moment, please.", "สักครู่นะคะ"]

[intents."สั่งซื้อ"]
reply = ["ขอบคุณค่ะ"]
"""


@contextmanager
def open_receiver(folder: Path, redis_url: str) -> Iterator[Line]:
    """With several secrets and a metrics token."""
    config = folder / "leadsync.toml"
    config.write_text(CONFIG, encoding="utf-8")
    environ = {"DEALDROID_SECRET": SECRETS, "LEADSYNC_CONFIG": str(config), "METRICS_TOKEN": "scrape-me"}
    with open_line(folder, redis_url, WEB_CONCURRENCY="1", **environ) as line:
        line.start("web", **PATIENT)
        line.await_web()
        yield line


@pytest.fixture(scope="session")
def running_receiver(
    tmp_path_factory: pytest.TempPathFactory, databases: Iterator[str], processes: None
) -> Iterator[Line]:
    with open_receiver(tmp_path_factory.mktemp("receiver"), next(databases)) as line:
        yield line


@pytest.fixture
def receiver(running_receiver: Line) -> Line:
    """The receiver with an empty Redis."""
    running_receiver.redis.flushdb()
    return running_receiver
