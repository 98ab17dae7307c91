import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from leadcore.machine import Machine
from receiver.intake.errors import SpoolError
from receiver.intake.sqlite_file import Database
from tests.libraries import exceptions_of, make


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with closing(Database(tmp_path, "test.db", "CREATE TABLE IF NOT EXISTS t (n INTEGER);", 1, Machine())) as made:
        yield made


@pytest.mark.parametrize("kind", [*exceptions_of(sqlite3), OSError, PermissionError], ids=lambda kind: kind.__name__)
def test_each_error_of_sqlite_is_one_of_the_spools(database: Database, kind: type[Exception]) -> None:
    def fail(_: sqlite3.Connection) -> None:
        raise make(kind)

    with pytest.raises(SpoolError):
        database.run(fail)
    database.run(lambda db: db.execute("INSERT INTO t VALUES (1)"))
    assert database.run(lambda db: db.execute("SELECT count(*) FROM t").fetchone()) == (1,)


@pytest.mark.parametrize("code", [sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB])
def test_a_corrupt_file_is_set_aside_and_the_action_runs_again(database: Database, tmp_path: Path, code: int) -> None:
    errors = [sqlite3.DatabaseError("corrupt")]
    errors[0].sqlite_errorcode = code  # type: ignore[attr-defined]  # sqlite3 sets it

    def fail_once(db: sqlite3.Connection) -> int:
        if errors:
            raise errors.pop()
        return len(db.execute("SELECT * FROM t").fetchall())

    assert database.run(fail_once) == 0
    assert [*tmp_path.glob("test.db.broken-*")]
