"""The line by which a note of ours is known again."""

import pytest

from workers.rules.note_marker import read_marker, write_marker

LINE = write_marker("lead-1", "abcdefgh234567ab")


@pytest.mark.parametrize("body", [LINE, f"<div><p>Ann</p><p><small>{LINE}</small></p></div>\n", f"other {LINE}<br/>"])
def test_a_note_of_ours_names_its_lead_and_customer(body: str) -> None:
    assert read_marker(body) == ("lead-1", "abcdefgh234567ab")


@pytest.mark.parametrize("body", ["", "leadsync", f"{LINE} and more", f"<p>{LINE}</p><p>typed by a person</p>"])
def test_a_note_of_somebody_else_names_none(body: str) -> None:
    assert read_marker(body) == ("", "")
