"""The shortest history that still breaks a promise is found."""

from bench.simulation.shrinking import KINDS, Limits, shrink


def test_what_the_fault_does_not_need_is_left_out() -> None:
    def is_broken(limits: Limits) -> bool:
        return limits.leads >= 5 and "kills" not in limits.without

    assert shrink(is_broken, 24) == Limits(5, frozenset(KINDS) - {"kills"})
