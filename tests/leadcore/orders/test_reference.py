import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadcore.orders.reference import ALPHABET, order_ref, read_reference

KEY = b"a key of thirty-two characters.."


@given(st.text(), st.text())
def test_a_reference_is_eight_letters_that_nobody_mistakes(customer: str, event: str) -> None:
    found = order_ref(KEY, customer, event)
    assert len(found) == 8
    assert set(found) <= set(ALPHABET)
    assert not set(found) & set("ILOU")


def test_a_repeat_has_the_same_reference() -> None:
    assert order_ref(KEY, "c", "e") == order_ref(KEY, "c", "e") == "YDP3XEKX"


def test_another_customer_event_or_key_has_another_reference() -> None:
    found = {
        order_ref(KEY, "c", "e"),
        order_ref(KEY, "ce", ""),
        order_ref(KEY, "c", "f"),
        order_ref(KEY, "d", "e"),
        order_ref(b"another", "c", "e"),
    }
    assert len(found) == 5


def test_without_a_key_there_is_no_reference() -> None:
    with pytest.raises(ValueError, match="key"):
        order_ref(b"", "c", "e")


@pytest.mark.parametrize(
    ("typed", "reference"),
    [
        ("K73FX219", "K73FX219"),
        ("#k7 3f-x2l9", "K73FX219"),
        ("KO3FXI19", "K03FX119"),
        ("K73FX21", ""),
        ("K73FX21U", ""),
        ("K73FX21ß", ""),
        ("", ""),
    ],
)
def test_a_reference_is_read_as_people_type_it(typed: str, reference: str) -> None:
    assert read_reference(typed) == reference
