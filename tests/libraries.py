"""The classes of exceptions that a library defines, for tests that show what becomes of each."""

from types import ModuleType


def exceptions_of(module: ModuleType) -> list[type[Exception]]:
    """Those that `module` shows and that are no warnings, by name."""
    found = {
        one
        for one in vars(module).values()
        if isinstance(one, type) and issubclass(one, Exception) and not issubclass(one, Warning)
    }
    library = module.__name__.partition(".")[0]
    return sorted((one for one in found if one.__module__.startswith(library)), key=lambda one: one.__name__)


def make(kind: type[Exception]) -> Exception:
    """An instance, whatever its constructor asks for."""
    error = kind.__new__(kind)
    Exception.__init__(error, "by the test")
    return error
