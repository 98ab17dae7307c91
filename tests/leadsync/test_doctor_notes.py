"""What `leadsync doctor` says of notes, against the served portal."""

from leadcore.config import Config, Notes
from leadsync.doctor.notes import check_notes
from tests.workers.orders.conftest import OrderLine, database, line, served

__all__ = ["database", "line", "served"]
NOTED = Config(notes=Notes(intents=("Purchase",)))


def test_without_notes_nothing_is_asked(line: OrderLine) -> None:
    assert check_notes(line.hubspot, Config()) == []


def test_with_notes_it_names_their_intents_or_what_the_token_lacks(line: OrderLine) -> None:
    [found] = check_notes(line.hubspot, NOTED)
    assert (found.state, "Purchase" in found.text) == ("fine", True)
    line.crm.fault("403", path="/objects/2026-09/notes", count=5)
    [found] = check_notes(line.hubspot, NOTED)
    line.crm.control("DELETE", "faults")
    assert (found.state, "scope" in found.text) == ("wrong", True)
