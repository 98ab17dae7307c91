"""The doctor knows what to call everything that can be wrong with the line."""

from leadcore.verdict import SEVERITIES
from leadsync.doctor.store import SUBJECTS

# Of Redis itself and of the spool it speaks elsewhere.
ELSEWHERE = {
    *("redis_away", "redis_disk", "redis_replica", "redis_full", "redis_evicts"),
    *("disk_unusable", "spooled", "foreign"),
}


def test_everything_that_can_be_wrong_with_the_line_has_a_subject() -> None:
    assert SEVERITIES.keys() - ELSEWHERE == SUBJECTS.keys()
