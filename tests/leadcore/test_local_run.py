"""What a local run says of itself, and who believes it."""

import os
from pathlib import Path

import pytest

from leadcore.local_run import FILE, announce, digest, find

MADE, GIVEN = {"REDIS_URL": "redis://127.0.0.1:6399/0"}, {"HUBSPOT_ACCESS_TOKEN": "pat-hunter2"}


def test_a_run_is_found_while_it_lives_and_says_no_value_that_its_user_had_set(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with announce(folder, MADE, GIVEN) as done:
        assert done
        found = find(folder)
        assert found
        given = {"HUBSPOT_ACCESS_TOKEN": digest("pat-hunter2")}
        assert (found.environ, found.given, found.is_alive) == (MADE, given, True)
        assert "hunter2" not in (folder / FILE).read_text()
        assert (folder / FILE).stat().st_mode & 0o777 == 0o600
    assert find(folder) is None
    assert not folder.exists()


def test_a_second_run_leaves_the_first_ones_word_alone(tmp_path: Path) -> None:
    with announce(tmp_path, MADE, {}), announce(tmp_path, {}, {}) as done:
        found = find(tmp_path)
        assert found
        assert (done, found.environ) == (False, MADE)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"environ": 1}', '{"environ": {}}', "null"])
def test_nonsense_is_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text)
    (tmp_path / FILE).chmod(0o600)
    assert find(tmp_path) is None


def test_a_file_that_others_could_have_written_is_nothing(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text('{"environ": {"REDIS_URL": "redis://x"}, "given": {}}')
    (tmp_path / FILE).chmod(0o600)
    found = find(tmp_path)
    assert found
    assert not found.is_alive
    (tmp_path / FILE).chmod(0o666)
    assert find(tmp_path) is None
    elsewhere = tmp_path / "elsewhere"
    os.rename(tmp_path / FILE, elsewhere)
    elsewhere.chmod(0o600)
    (tmp_path / FILE).symlink_to(elsewhere)
    assert find(tmp_path) is None
