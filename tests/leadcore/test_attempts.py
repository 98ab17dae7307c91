"""The attempts that failed, in a lead's receipt."""

import pytest

from leadcore import fields
from leadcore.receipts import Attempt, pack_attempt, unpack

NOW = 1_772_000_000_000
FULL = Attempt(NOW, NOW + 600_000, "400", "VALIDATION_ERROR", "0ad5ab5c-8a09-4d0c-9d0f-4a0e0e6f5f0c")


def stored(*attempts: Attempt) -> dict[bytes, bytes]:
    packed = [pack_attempt(number, one) for number, one in enumerate(attempts)]
    return {str(name).encode(): value for name, value in packed}


def test_the_fields_of_attempts_are_no_others() -> None:
    assert "".join(fields.ATTEMPTS) == "01234"
    assert not {*fields.ATTEMPTS} & {*fields.RECEIPT.values(), *fields.MESSAGE.values()}


@pytest.mark.parametrize(
    "attempt", [FULL, Attempt(NOW), Attempt(NOW, NOW + 1, category="row"), Attempt(NOW, None, "503")]
)
def test_an_attempt_is_read_as_it_was_stored(attempt: Attempt) -> None:
    assert unpack("lead", stored(attempt)).attempts == (attempt,)


def test_an_attempt_leaves_a_receipt_in_the_compact_form_of_redis() -> None:
    [value] = stored(FULL).values()
    assert len(value) <= 64


def test_the_last_five_attempts_are_kept_oldest_first() -> None:
    attempts = [Attempt(NOW + number) for number in range(7)]
    assert unpack("lead", stored(*attempts)).attempts == tuple(attempts[2:])


@pytest.mark.parametrize("said", ["nok@example.com", "0812345678", "Nok Suksan", "4001", "", "é"])
def test_what_has_not_the_form_of_an_error_is_not_stored(said: str) -> None:
    attempt = Attempt(NOW, None, said, said, said)
    assert unpack("lead", stored(attempt)).attempts == (Attempt(NOW),)


@pytest.mark.parametrize("value", [b"", b"x", b"zz 1 400,,", "19c 1 400,é,".encode()])
def test_what_is_no_attempt_is_passed_over(value: bytes) -> None:
    assert unpack("lead", {b"0": value}).attempts == ()
