"""What all seeds of a process share, since it costs more than a seed: the stand-ins' routes, HubSpot's properties after
a release, and templates once compiled. Nothing of one seed is seen by the next.
"""

import functools
import logging
import multiprocessing
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from importlib import metadata
from typing import Any
from unittest import mock

import jinja2
from jinja2 import meta

from sandbox import dealdroid
from sandbox.hubspot import app, portal, snapshot
from workers.flow import deadline


class Standing:
    """The stand-ins."""

    def __init__(self) -> None:
        self.portal, self.chats = portal.Portal(), dealdroid.Chats()
        self.hubspot, self.dealdroid = app.create_app(self.portal), dealdroid.create_app(self.chats)
        self.keep()

    def keep(self) -> None:
        """Let each seed begin with the portal as it is now."""
        self._kept = snapshot.save(self.portal)

    def begin(self, seed: int) -> None:
        """Forget the seed before."""
        self.portal.seed = seed
        snapshot.restore(self.portal, self._kept)
        self.chats.messages, self.chats.settings = [], dealdroid.Settings()


@contextmanager
def computed_once() -> Iterator[None]:
    """A template's text is compiled once, and what does not change while this process lives is read once. The proxies
    of this machine's environment count for nothing."""
    environment = jinja2.Environment
    with ExitStack() as stack:
        for name in ("compile", "parse"):
            stack.enter_context(mock.patch.object(environment, name, _once_per_kind(getattr(environment, name))))
        for module, name in (
            (metadata, "version"),
            (meta, "find_undeclared_variables"),
            (multiprocessing, "cpu_count"),
        ):
            stack.enter_context(mock.patch.object(module, name, _once(getattr(module, name))))
        stack.enter_context(mock.patch.object(logging.Logger, "setLevel", _set_level))
        stack.enter_context(mock.patch.object(deadline, "getproxies", dict))
        yield


def _set_level(logger: logging.Logger, level: int | str, set_level: Any = logging.Logger.setLevel) -> None:
    """As `logging.Logger.setLevel`, which makes all loggers forget what they know even if nothing changes."""
    if logger.level != level:
        set_level(logger, level)


@functools.cache
def _once(function: Callable[..., Any]) -> Callable[..., Any]:
    return functools.cache(function)


@functools.cache
def _once_per_kind(method: Callable[..., Any]) -> Callable[..., Any]:
    """Environments of one class compile alike."""
    found: dict[Any, Any] = {}

    def compute(environment: jinja2.Environment, *arguments: Any) -> Any:
        key = (type(environment), environment.undefined, environment.autoescape, arguments)
        if key not in found:
            found[key] = method(environment, *arguments)
        return found[key]

    return compute
