"""What people read on a terminal."""

from zoneinfo import ZoneInfo

import pytest

from leadcore.reasons import reason
from leadcore.store import lines
from leadcore.store.parked import Cause, find_fix
from leadcore.store.status import Status
from leadsync.terminal import print_causes, print_status


def test_brackets_in_a_text_are_shown(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The cell names the table of the configuration that helps, and the shop's own labels."""
    monkeypatch.setenv("COLUMNS", "400")
    why = reason("property_required", properties="Tax [ID] :id: (tax_id)")
    print_causes([Cause("required", why, find_fix("required"), ("lead",))], as_json=False)
    shown = capsys.readouterr().out
    assert "under [required] in leadsync.toml" in shown
    assert "Tax [ID] :id: (tax_id)" in shown


def test_status_names_only_what_needs_a_person_and_counts_one_in_the_singular(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "400")
    kept = {of.name: 0 for _, of in lines.each_kept()} | {lines.INBOX.kept[0].name: 1}
    status = Status(
        now_ms=0,
        workers=1,
        depths={one.name: [0] for one in lines.LINES},
        pauses={one.name: {} for one in lines.LINES},
        kept=kept,
    )
    print_status(status, [], ZoneInfo("Asia/Bangkok"), as_json=False)
    shown = " ".join(capsys.readouterr().out.split())
    assert "Need a person 1 (1 lead parked) " in shown
