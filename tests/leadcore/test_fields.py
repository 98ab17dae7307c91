from leadcore import fields


def test_the_letters_never_change() -> None:
    """Old and new processes read the same data during a deploy."""
    entry = [fields.BODY, fields.CUSTOMER, fields.LEAD, fields.KIND, fields.TRIES, fields.PUT_OFF, fields.TEXT]
    assert b"".join([*entry, fields.VERSION, fields.ABOUT, fields.ORDER]) == b"bceknptvao"
    action = [fields.ACTION_COMMAND, fields.ACTION_DIGEST, fields.ACTION_LEAD, fields.ACTION_USER]
    assert b"".join(action) == b"cdlu"
    assert "".join(fields.RECEIPT.values()) == "cirswhfktynmaqogjplbe"
    assert b"".join([fields.DATA, fields.EVENT, fields.EVENT_ID]) == b"dgx"
    address = "number name state why failures since until delivered given_up last seen claimed"
    assert " ".join(fields.ENDPOINT.values()) == address
