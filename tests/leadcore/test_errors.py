"""One tree of errors: each says what happened, and all that this project raises can be caught as one kind."""

import ast
import importlib
import inspect
import re
from collections.abc import Iterator

import pytest

from leadcore.errors import LeadSyncError
from tests.conftest import ROOT

PRODUCTION = ("leadcore", "receiver", "workers", "leadsync")
# Beside what raises them: the parsers of events, which others may not know, and an error of redis-py's kind.
ELSEWHERE = {"leadcore.event.Malformed", "leadcore.shapes.Ambiguous", "leadcore.store.scan.RunChanged"}


def errors() -> Iterator[type[BaseException]]:
    """Every exception class that the product defines."""
    for package in PRODUCTION:
        for file in sorted((ROOT / package).rglob("*.py")):
            defined = set(re.findall(r"^ *class (\w+)", file.read_text(), re.MULTILINE))
            if defined and file.name != "__main__.py":
                module = importlib.import_module(".".join(file.relative_to(ROOT).with_suffix("").parts))
                for name in sorted(defined):
                    found = getattr(module, name, None)
                    if inspect.isclass(found) and issubclass(found, BaseException):
                        yield found


ERRORS = list(errors())
NAMES = {one.__name__ for one in ERRORS}


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: error.__name__)
def test_every_error_is_of_the_one_tree_and_stands_with_its_like(error: type[BaseException]) -> None:
    # An alarm is no error: what takes any error for one of its own must not take it.
    assert issubclass(error, LeadSyncError) is issubclass(error, Exception)
    assert error.__module__.endswith(".errors") or f"{error.__module__}.{error.__name__}" in ELSEWHERE
    assert error.__doc__


def test_every_error_says_what_happened() -> None:
    """None is raised without a word."""
    bare = []
    for package in PRODUCTION:
        for file in sorted((ROOT / package).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text())):
                if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Name | ast.Call):
                    name = node.exc if isinstance(node.exc, ast.Name) else node.exc.func
                    if isinstance(name, ast.Name) and name.id in NAMES:
                        said = isinstance(node.exc, ast.Call) and node.exc.args
                        bare += [] if said else [f"{file.relative_to(ROOT)}:{node.lineno}"]
    assert bare == []
    assert len(ERRORS) >= 16
