"""`leadsync console user`: an entry that the receiver takes, and a password that is kept nowhere."""

import pytest
from click.testing import CliRunner, Result
from werkzeug.security import check_password_hash

from leadcore.logins import read_logins
from leadsync.cli import cli


def call(*arguments: str, typed: str = "") -> Result:
    return CliRunner().invoke(cli, ["console", "user", *arguments], input=typed)


@pytest.mark.parametrize(
    ("name", "role", "password"),
    [
        ("nok", "sales", "a long password"),
        ("สมชาย", "admin", "รหัสผ่าน: ยาวพอ"),
        ("ann@example.com", "sales", "zoe\u0301-and-zoe\u0301-too"),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n", ""])
def test_the_entry_is_one_line_that_works_with_the_password_from_a_pipe(
    name: str, role: str, password: str, end: str
) -> None:
    done = call(name, "--role", role, typed=password + end)
    assert done.exit_code == 0
    [line] = done.stdout.splitlines()
    [login] = read_logins(line)
    assert (login.name, login.role) == (name, role)
    assert check_password_hash(login.hash, password.replace("e\u0301", "\u00e9"))
    assert not check_password_hash(login.hash, password + " ")
    assert password not in done.output
    assert "CONSOLE_USERS" in done.stderr


def test_the_same_password_twice_is_two_hashes() -> None:
    lines = {call("nok", "--role", "sales", typed="a long password\n").stdout for _ in range(2)}
    assert len(lines) == 2


def test_a_random_password_is_shown_once_beside_the_entry() -> None:
    done = call("nok", "--role", "sales", "--random")
    password = done.stderr.splitlines()[0].rpartition(" ")[2]
    [login] = read_logins(done.stdout)
    assert len(password) >= 16
    assert check_password_hash(login.hash, password)


@pytest.mark.parametrize(
    ("arguments", "typed", "why"),
    [
        (("no k", "--role", "sales"), "a long password\n", "no blanks"),
        (("leadsync", "--role", "admin"), "a long password\n", "CONSOLE_PASSWORD"),
        (("nok", "--role", "boss"), "a long password\n", "'sales'"),
        (("nok",), "a long password\n", "--role"),
        (("nok", "--role", "sales"), "short\n", "at least 12"),
        (("nok", "--role", "sales"), "", "at least 12"),
        (("nok", "--role", "sales"), "bell\x07bell\x07bell\x07\n", "control characters"),
    ],
)
def test_what_would_not_work_is_refused(arguments: tuple[str, ...], typed: str, why: str) -> None:
    done = call(*arguments, typed=typed)
    assert done.exit_code == 2
    assert why in done.stderr
    assert done.stdout == ""
