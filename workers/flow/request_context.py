"""What a request carries past a vendor's client, whose calls have no room for it: who may still send it, which slots of
the quota are reserved for it, until when its answer must be there, of which flight it is. Each thread has its own."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from math import inf

from leadcore.machine import Machine
from workers.rules.breaker import Flight


def _no_check() -> None:
    """Outside a drain."""


@dataclass(slots=True)
class RequestContext:
    """`check`: called right before each request; raises if it may no longer be sent. `slots`: names of slots that are
    reserved for the next requests. `seconds`: the most that each request may take. `paced`: the requests are for leads
    that keep the day's pace; `yields`: they come after those of contacts. `ends_at`: the deadline of the request in
    work, by `machine`'s monotonic seconds. `request_started`: False if that request certainly did not reach the server.
    `flight`: what the request is a part of, None outside of flights."""

    check: Callable[[], None] = _no_check
    slots: list[str] = field(default_factory=list)
    seconds: float = inf
    paced: bool = False
    yields: bool = False
    machine: Machine = field(default_factory=Machine)
    ends_at: float = 0.0
    request_started: bool = False
    flight: Flight | None = None

    @property
    def seconds_left(self) -> float:
        return self.ends_at - self.machine.monotonic()


_CONTEXT: ContextVar[RequestContext] = ContextVar("request")


def current() -> RequestContext:
    """That of this thread."""
    context = _CONTEXT.get(None)
    if context is None:
        context = RequestContext()
        _CONTEXT.set(context)
    return context


@contextmanager
def checked(
    check: Callable[[], None], slots: list[str] | None = None, flight: Flight | None = None, seconds: float = inf
) -> Iterator[None]:
    """Every request in the block is sent after `check`, takes at most `seconds` and is a part of `flight`; the first
    ones use `slots` and remove them from the list."""
    token = _CONTEXT.set(RequestContext(check, slots if slots is not None else [], seconds, flight=flight))
    try:
        yield
    finally:
        _CONTEXT.reset(token)


def set_deadline(seconds: float, machine: Machine) -> RequestContext:
    """Limit the next request of this thread, if it goes over `workers.flow.deadline.POOLS`: past the deadline a read
    times out."""
    context = current()
    context.machine, context.ends_at, context.request_started = machine, machine.monotonic() + seconds, False
    return context
