"""Commands whose LEADSYNC_KEY is not that of the workers."""

import pytest
from click.testing import CliRunner, Result

from leadcore.store import keys
from leadsync.cli import cli
from tests.conftest import Line, lead


def call(line: Line, *words: str, **environ: str) -> Result:
    return CliRunner().invoke(cli, words, env={**line.environ, **environ})


@pytest.mark.parametrize(
    "words", [("forget", "ann", "--yes"), ("forget", "ann", "--yes", "--hubspot"), ("export", "ann"), ("trust", "ann"),
              ("reconcile", "--repair")]
)  # fmt: skip
def test_a_command_with_another_key_than_the_workers_does_nothing(line: Line, words: tuple[str, ...]) -> None:
    """Under it nobody is found: a repair would let every customer's old values be written again."""
    line.sync(lead("ann", name="Ann Lee", phone="0812345678"))
    before = {name: line.redis.dump(name) for name in line.redis.keys(keys.PREFIX + "[cr]*")}
    done = call(line, *words, LEADSYNC_KEY="another-key")
    assert "LEADSYNC_KEY is not the one of the workers" in str(done.exception)
    assert done.stdout == ""
    assert {name: line.redis.dump(name) for name in before} == before
    assert line.crm.contact("ann")["lastname"] == "Lee"
