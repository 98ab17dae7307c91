import granian.errors
import pytest

from leadcore.errors import SettingsError
from receiver.server import name_mistakes
from tests.libraries import exceptions_of, make


@pytest.mark.parametrize("kind", exceptions_of(granian.errors), ids=lambda kind: kind.__name__)
def test_whatever_granian_refuses_to_start_with_is_a_mistake_in_the_settings(kind: type[Exception]) -> None:
    """So it is said in one line, and the process ends with code 2."""
    with pytest.raises(SettingsError, match=kind.__name__), name_mistakes():
        raise make(kind)
