"""What an older version left in the lines that come after contacts is read and finished: nothing is lost, made or said
twice."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from leadcore.store import keys
from tests.conftest import eventually
from tests.upgrade.saved_lines import COMMANDS, EXPECTED, TOKEN, System, count, load, open_system, outcome

FOLDERS = sorted(file.parent for file in Path(__file__).parent.glob(f"*/{EXPECTED}"))
AGE_MS = 15_000


@dataclass
class Upgrade:
    """A system that was taken over, and all is done. `expected`: what that version itself made of it."""

    system: System
    folder: Path
    expected: dict[str, Any]
    outcome: dict[str, Any]

    def told_of(self, line: str) -> list[str]:
        """The ids of what waited for addresses outside."""
        rows = [json.loads(row) for row in (self.folder / COMMANDS).read_text().splitlines()]
        entries = [row[3:] for row in rows if row[0] == "XADD" and row[1].startswith(keys.entries(line, 0)[:-1])]
        return [words[words.index("x") + 1] for words in entries]


@pytest.fixture(scope="module", params=FOLDERS, ids=lambda folder: folder.name)
def upgrade(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    databases: Iterator[str],
    processes: None,
) -> Iterator[Upgrade]:
    folder: Path = request.param
    expected = json.loads((folder / EXPECTED).read_text())
    with open_system(tmp_path_factory.mktemp("lines"), next(databases)) as system:
        load(system, folder, AGE_MS)
        counts = count(system.line)
        assert {what: counts.get(what) for what in expected["counts"]} == expected["counts"]
        system.line.start("web")
        system.line.start("worker")
        system.line.await_web()
        system.line.settle(60, hasten=True)
        yield Upgrade(system, folder, expected, outcome(system))


def test_each_line_has_something_to_take_over(upgrade: Upgrade) -> None:
    """The numbers themselves were compared when it was loaded."""
    for line in ("orders", "payments", "notes"):
        for where in ("waits", "later", "parked", "parked, with its body"):
            assert f"{line}: {where}" in upgrade.expected["counts"]
    for what in ("outbox: waits", "hooks: waits", "notices: waits", "records of messages", "notes: sending"):
        assert what in upgrade.expected["counts"]


@pytest.mark.parametrize("what", ["contacts", "orders", "notes", "messages", "leads", "parked"])
def test_it_is_finished_as_by_the_version_that_left_it(upgrade: Upgrade, what: str) -> None:
    """One order with its lines for each cart, one note for each event, each message once."""
    assert upgrade.outcome[what] == upgrade.expected[what]


def test_what_waited_for_the_outside_is_told_once(upgrade: Upgrade) -> None:
    waited, system = upgrade.told_of(keys.HOOKS), upgrade.system
    assert len(waited) > 5
    eventually(lambda: set(waited) <= set(system.hooks.ids()), 30)
    assert len(set(system.hooks.ids())) == len(system.hooks.ids())
    assert len(upgrade.told_of(keys.NOTICES)) > 5
    eventually(lambda: any("new lead" in text.lower() for text in [*system.team.texts(), *system.team.titles()]), 30)


def test_what_shops_say_again_is_known(upgrade: Upgrade) -> None:
    system, before = upgrade.system, outcome(upgrade.system)
    body = {"customer_id": "done", "messages": ["It comes tomorrow.", "Bye."]}
    [reference] = {one.order_ref for one in system.line.receipts("done")}
    paid = {"reference": reference, "amount": "200", "currency": "THB"}
    for path, said, key in (("messages", body, "tomorrow"), ("payments", paid, f"{reference} 200")):
        headers = {"Authorization": f"Bearer {TOKEN}", "Idempotency-Key": key}
        answer = requests.post(f"{system.line.url}/api/v1/{path}", json=said, headers=headers, timeout=10)
        assert answer.status_code == 202
    system.line.settle(30)
    assert outcome(system) == before


def test_what_waits_for_a_person_can_be_retried(upgrade: Upgrade) -> None:
    system = upgrade.system
    leads = [system.line.receipt(customer).lead for customer in ("order-parked", "note-parked")]
    assert system.call("retry", *leads) == {"retried": leads, "refused": {}}
    system.line.settle(30, hasten=True)
    found = outcome(system)
    assert found["orders"]["order-parked"] == [["100", "", ["C3"]]]
    assert (found["notes"]["order-parked"], found["notes"]["note-parked"]) == (1, 1)
    assert found["parked"] == {"no_order": 1, "paid_amount": 1}
