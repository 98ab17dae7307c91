"""The entries of CONSOLE_USERS: what works, and what is refused with the variable's name and no secret."""

import hashlib

import pytest

from leadcore.errors import SettingsError
from leadcore.logins import HASH_METHOD, find_fault, fold, read_logins
from leadcore.settings import read_receiver

# As werkzeug makes them but for the salt, which would differ in each process that runs the tests.
SALT, PASSWORD = "abcdefghijklmnop", b"a-long-password"
SCRYPT = hashlib.scrypt(PASSWORD, salt=SALT.encode(), n=32768, r=8, p=1, maxmem=132 * 32768 * 8).hex()
HASH = f"{HASH_METHOD}${SALT}${SCRYPT}"
OTHER_HASH = f"pbkdf2:sha256:1000${SALT}${hashlib.pbkdf2_hmac('sha256', PASSWORD, SALT.encode(), 1000).hex()}"
GOOD = {"DEALDROID_SECRET": "s" * 32}


@pytest.mark.parametrize("between", [" ", "\n", "\r\n", "  \t "])
def test_entries_are_separated_by_blanks_or_new_lines(between: str) -> None:
    value = between.join(["", f"nok:sales:{HASH}", f"สมชาย:admin:{HASH}", f"ann@example.com:sales:{HASH}", ""])
    assert [(one.name, one.role) for one in read_logins(value)] == [
        ("nok", "sales"),
        ("สมชาย", "admin"),
        ("ann@example.com", "sales"),
    ]


def test_nothing_set_is_no_login() -> None:
    assert read_logins(" \n") == ()
    assert not read_receiver(GOOD).has_console
    assert read_receiver({**GOOD, "CONSOLE_PASSWORD": "p"}).has_console
    assert read_receiver({**GOOD, "CONSOLE_USERS": f"nok:sales:{HASH}"}).has_console


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("nok", "must look like"),
        ("nok:sales", "must look like"),
        ("nok:sales:", "must look like"),
        (f"nok:{HASH}", "role must be sales or admin"),
        (f"nok:boss:{HASH}", "role must be sales or admin"),
        (f"nok:Sales:{HASH}", "role must be sales or admin"),
        (f":sales:{HASH}", "1 to 64 characters"),
        (f"{'n' * 65}:sales:{HASH}", "1 to 64 characters"),
        (f"no\u200bk:sales:{HASH}", "invisible"),
        (f"leadsync:admin:{HASH}", "CONSOLE_PASSWORD"),
        (f"Console:admin:{HASH}", "CONSOLE_PASSWORD"),
        ("nok:sales:my-own-password", "quote it"),
        ("nok:sales:scrypt:32768:8:1", "quote it"),
        (f"nok:sales:{HASH[:-1]}", "quote it"),
        (f"nok:sales:{HASH}0", "quote it"),
        (f"nok:sales:{HASH.replace('32768', '2')}", "quote it"),
        (f"nok:sales:{HASH.replace('32768', '1073741824')}", "quote it"),
        (f"nok:sales:{OTHER_HASH}", "quote it"),
        (f"nok:sales:{HASH} Nok:admin:{HASH}", "entry 2: its name is an earlier entry's"),
        (f"ann:sales:{HASH},nok:sales:{HASH}", "quote it"),
        (" ".join(f"n{number}:sales:{HASH}" for number in range(101)), "at most 100"),
        ("nok:sales:\udcff", "UTF-8"),
    ],
)
def test_what_cannot_work_is_refused_with_the_variables_name(value: str, why: str) -> None:
    with pytest.raises(SettingsError) as raised:
        read_receiver({**GOOD, "CONSOLE_USERS": value})
    said = str(raised.value)
    assert said.startswith("CONSOLE_USERS")
    assert why in said
    assert "my-own-password" not in said
    assert HASH.rpartition("$")[2] not in said


def test_a_hash_is_in_no_repr() -> None:
    given = read_receiver({**GOOD, "CONSOLE_USERS": f"nok:sales:{HASH}"})
    assert HASH not in repr(given)


@pytest.mark.parametrize("name", ["", "a b", "a:b", "a\tb", "a\u00a0b", "a\u202eb", "LeadSync", "x" * 65])
def test_nobody_is_called_so(name: str) -> None:
    assert find_fault(name)


def test_a_name_is_the_same_with_a_capital_and_from_another_keyboard() -> None:
    assert fold("Nok") == fold("nok")
    assert fold("Zoe\u0301") == fold("zo\u00e9")
    assert fold("nok") != fold("nook")
