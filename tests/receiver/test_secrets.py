"""How secrets are compared, and where they must not go."""

import hmac
from typing import Any

import pytest

from receiver.intake import view
from receiver.intake.view import Guard
from tests.conftest import Line, eventually, lead
from tests.receiver.conftest import FIRST, SECOND, THIRD

SECRETS = (FIRST, SECOND, THIRD)


@pytest.mark.parametrize(
    "given",
    ["", "f", FIRST, SECOND, THIRD, FIRST[:-1] + "0", "0" + FIRST[1:], FIRST * 1000, "\ud800", 7, *SECRETS],
    ids=lambda given: str(given)[:20].encode("unicode_escape").decode(),
)
def test_every_secret_is_compared_with_all_of_them_in_constant_time_and_length(
    monkeypatch: pytest.MonkeyPatch, given: Any
) -> None:
    """Where it differs, how long it is and whether it was found early change nothing: what is compared are digests."""
    compared: list[tuple[bytes, bytes]] = []

    def compare(one: bytes, other: bytes) -> bool:
        compared.append((one, other))
        return real(one, other)

    real = hmac.compare_digest
    monkeypatch.setattr(view.hmac, "compare_digest", compare)
    assert Guard(SECRETS).allows(given) is (given in SECRETS)
    assert len(compared) == len({known for _, known in compared}) == len(SECRETS)
    assert {len(digest) for pair in compared for digest in pair} == {32}


def test_the_guard_holds_no_secret() -> None:
    assert not [one for one in SECRETS if one.encode() in repr(vars(Guard(SECRETS))).encode()]


def test_no_secret_reaches_a_log_or_an_answer(door: Line) -> None:
    """Whatever becomes of the request: kept, parked, refused, malformed, too large."""
    full = {**lead(), "secret": FIRST}
    almost = FIRST[:-1] + "x"
    bodies: list[Any] = [full, {"secret": FIRST}, {**full, "secret": almost}, {**full, "secret": [almost]}]
    bodies += [
        f'{{"secret": "{FIRST}", '.encode(),
        f'["{FIRST}"]'.encode(),
        f'{{"secret": "{FIRST}"}}'.encode("utf-16"),
    ]
    bodies += [{**full, "pad": "x" * 300_000}]
    answers = [door.post(one) for one in bodies]
    assert [answer.status_code for answer in answers] == [200, 422, 403, 403, 400, 400, 422, 413]
    heard = "".join(answer.text + str(answer.headers) for answer in answers)
    eventually(lambda: "secret.wrong" in door.logs())
    for text in (heard, door.logs()):
        assert FIRST not in text
        assert almost not in text
