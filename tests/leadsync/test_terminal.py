"""What people read on a terminal."""

import pytest

from leadcore.reasons import reason
from leadcore.store.parked import Cause, find_fix
from leadsync.terminal import print_causes


def test_brackets_in_a_text_are_shown(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The cell names the table of the configuration that helps, and the shop's own labels."""
    monkeypatch.setenv("COLUMNS", "400")
    why = reason("property_required", properties="Tax [ID] :id: (tax_id)")
    print_causes([Cause("required", why, find_fix("required"), ("lead",))], as_json=False)
    shown = capsys.readouterr().out
    assert "under [required] in leadsync.toml" in shown
    assert "Tax [ID] :id: (tax_id)" in shown
