"""`retry` and `discard` take a lead by its id, the customer's id, or a beginning of some length, and guess nothing."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from click.testing import CliRunner, Result

from leadcore.receipts import pack
from leadcore.store import keys
from leadcore.store.streams import Stream, pack_fields
from leadsync.cli import cli
from tests.conftest import Line, open_line

COMMANDS = pytest.mark.parametrize(
    ("command", "done"), [(("retry",), "retried"), (("discard", "--yes"), "discarded")], ids=["retry", "discard"]
)


@pytest.fixture(scope="module")
def open_idle_line(tmp_path_factory: pytest.TempPathFactory, databases: Iterator[str]) -> Iterator[Line]:
    with open_line(tmp_path_factory.mktemp("naming"), next(databases)) as line:
        yield line


@pytest.fixture
def idle_line(open_idle_line: Line) -> Line:
    """A system without processes."""
    open_idle_line.reset()
    return open_idle_line


def call(line: Line, *words: str, typed: str = "") -> Result:
    return CliRunner().invoke(cli, words, input=typed, env={**line.environ, "COLUMNS": "80"})


def body_of(customer: str) -> bytes:
    return json.dumps({"customer_id": customer, "mid": "m", "intent": "Purchase"}).encode()


def park(line: Line, name: str, customer: str) -> None:
    packed = pack_fields({b"e": name.encode(), b"b": body_of(customer), b"v": b"1700000000123-4"})
    receipt = pack(customer_id=customer, intent="Purchase", state="parked", reason="locked: HubSpot has locked it")
    Stream(line.redis).park(name, packed, receipt)


def hold(line: Line, name: str, customer: str) -> None:
    packed = pack_fields({b"e": name.encode(), b"b": body_of(customer), b"v": b"1700000000123-4"})
    line.redis.set(keys.held(name), packed)
    line.redis.zadd(keys.HELD, {name: 1})
    write(line, name, customer, state="held")


def write(line: Line, name: str, customer: str, **said: Any) -> None:
    flat = pack(**{"customer_id": customer, "intent": "Purchase", "state": "created", **said})
    line.redis.hset(keys.receipt(name), mapping=dict(zip(flat[::2], flat[1::2], strict=True)))


def waiting(line: Line) -> set[str]:
    return {one.decode() for index in (keys.PARKED, keys.HELD) for one in line.redis.zrange(index, 0, -1)}


@COMMANDS
@pytest.mark.parametrize("name", ["abcd2345", "abcd23", "c-1"])
@pytest.mark.parametrize("wait", [park, hold])
def test_a_lead_that_waits_is_known_by_any_of_its_names(
    idle_line: Line, command: tuple[str, ...], done: str, name: str, wait: Callable[[Line, str, str], None]
) -> None:
    wait(idle_line, "abcd2345", "c-1")
    park(idle_line, "xyz", "c-10")
    said = call(idle_line, *command, name, "--json")
    assert (said.exit_code, json.loads(said.stdout)) == (0, {done: ["abcd2345"], "refused": {}})
    assert ("is lead abcd2345" in said.stderr) == (name != "abcd2345")
    assert waiting(idle_line) == {"xyz"}


@COMMANDS
@pytest.mark.parametrize("name", ["abcdef", "c-1"])
def test_a_name_of_several_is_refused_with_the_candidates_and_nothing_is_done(
    idle_line: Line, command: tuple[str, ...], done: str, name: str
) -> None:
    park(idle_line, "abcdefc", "c-1")
    hold(idle_line, "abcdefd", "c-1")
    park(idle_line, "xyz", "c-2")
    said = call(idle_line, *command, "xyz", name)
    assert (said.exit_code, f"2 leads that wait fit {name}" in said.stderr) == (1, True)
    assert all(one in said.stdout for one in ("abcdefc", "abcdefd"))
    assert "xyz" not in said.stdout
    as_json = call(idle_line, *command, name, "--json")
    assert {one["lead"] for one in json.loads(as_json.stdout)} == {"abcdefc", "abcdefd"}
    assert waiting(idle_line) == {"abcdefc", "abcdefd", "xyz"}


@COMMANDS
def test_a_customers_other_leads_do_not_stand_in_the_way(idle_line: Line, command: tuple[str, ...], done: str) -> None:
    park(idle_line, "abc", "c-1")
    write(idle_line, "abd", "c-1")
    assert call(idle_line, *command, "c-1").exit_code == 0
    assert waiting(idle_line) == set()


@COMMANDS
def test_an_id_is_that_lead_although_others_begin_so(idle_line: Line, command: tuple[str, ...], done: str) -> None:
    park(idle_line, "abc", "c-1")
    park(idle_line, "abcd", "abc")
    assert call(idle_line, *command, "abc").exit_code == 0
    assert waiting(idle_line) == {"abcd"}
    idle_line.redis.delete(keys.receipt("abcd"))
    park(idle_line, "abcde", "c-3")
    idle_line.redis.delete(keys.receipt("abcd"))
    call(idle_line, *command, "abcd")
    assert waiting(idle_line) == {"abcde"}, "also one whose receipt has expired"


@COMMANDS
@pytest.mark.parametrize("name", ["zzz", "", "C-1", "bc", "a", "ab"])
def test_what_names_nothing_that_waits_is_refused_by_its_own_words(
    idle_line: Line, command: tuple[str, ...], done: str, name: str
) -> None:
    park(idle_line, "abc", "c-1")
    said = call(idle_line, *command, name)
    assert (said.exit_code, said.stderr) == (1, f"{name}: it is not parked\n")
    assert waiting(idle_line) == {"abc"}


@COMMANDS
def test_two_names_of_one_lead_are_one_lead(idle_line: Line, command: tuple[str, ...], done: str) -> None:
    park(idle_line, "abcd2345", "c-1")
    said = call(idle_line, *command, "abcd2345", "c-1", "abcd234", "--json")
    assert json.loads(said.stdout) == {done: ["abcd2345"], "refused": {}}


@COMMANDS
@pytest.mark.parametrize("name", ["7", "7f3a9", "7f3a91"])
def test_a_customers_id_means_no_lead_whose_id_begins_so(
    idle_line: Line, command: tuple[str, ...], done: str, name: str
) -> None:
    park(idle_line, "7f3a91b2", "c-1")
    park(idle_line, "abcd2345", name)
    assert call(idle_line, *command, name).exit_code == 0
    assert waiting(idle_line) == {"7f3a91b2"}


@COMMANDS
@pytest.mark.parametrize("name", ["7", "7f3a9"])
def test_few_characters_are_the_beginning_of_no_lead(
    idle_line: Line, command: tuple[str, ...], done: str, name: str
) -> None:
    park(idle_line, "7f3a91b2", "c-1")
    assert call(idle_line, *command, name).exit_code == 1
    assert waiting(idle_line) == {"7f3a91b2"}


def test_discard_says_which_lead_it_means_before_it_asks(idle_line: Line) -> None:
    park(idle_line, "abcd2345", "c-1")
    said = call(idle_line, "discard", "c-1", typed="n\n")
    assert said.exit_code == 1
    assert said.stderr.index("c-1 is lead abcd2345.") < said.stderr.index("for good?")
    assert waiting(idle_line) == {"abcd2345"}
