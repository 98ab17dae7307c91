import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.rules.lead import version_of, version_text


@pytest.mark.parametrize(
    ("entry", "fields", "version"),
    [
        (b"1772000000000-0", {}, 1_772_000_000_000 << 16),
        (b"1772000000000-7", {b"e": b"x"}, 1_772_000_000_000 << 16 | 7),
        (b"1772000000999-7", {b"v": b"1772000000000"}, 1_772_000_000_000 << 16),
        (b"1772000000999-7", {b"v": b"1772000000000-3"}, 1_772_000_000_000 << 16 | 3),
        (b"1772000000000-70000", {}, 1_772_000_000_000 << 16 | 0xFFFF),
    ],
)
def test_a_version_is_the_entrys_own_time_or_the_one_it_brought_along(
    entry: bytes, fields: dict[bytes, bytes], version: int
) -> None:
    assert version_of(entry, fields) == version


@given(st.integers(0, 2**64 - 1))
def test_a_version_that_is_written_down_is_read_as_the_same(version: int) -> None:
    assert version_of(b"5-5", {b"v": version_text(version)}) == version


@given(st.lists(st.tuples(st.integers(0, 2**47), st.integers(0, 0xFFFF)), min_size=2, max_size=2))
def test_versions_stand_in_the_order_of_the_stream(ids: list[tuple[int, int]]) -> None:
    one, other = (version_of(b"%d-%d" % entry, {}) for entry in ids)
    assert (one < other, one == other) == (ids[0] < ids[1], ids[0] == ids[1])
