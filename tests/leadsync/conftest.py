"""A system without processes, and its commands."""

from collections.abc import Iterator

import pytest
from click.testing import CliRunner, Result

from leadsync.cli import cli
from tests.conftest import Line, open_line


@pytest.fixture(scope="module")
def open_idle_line(tmp_path_factory: pytest.TempPathFactory, databases: Iterator[str]) -> Iterator[Line]:
    with open_line(tmp_path_factory.mktemp("idle"), next(databases)) as line:
        yield line


@pytest.fixture
def idle_line(open_idle_line: Line) -> Line:
    """A system without processes."""
    open_idle_line.reset()
    return open_idle_line


def call(line: Line, *words: str, answer: str = "", **environ: str) -> Result:
    return CliRunner().invoke(cli, words, env={**line.environ, **environ}, input=answer)
