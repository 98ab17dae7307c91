import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from workers.hubspot.answers import Answer

ANSWERS = Path(__file__).parent / "answers"


def answer(status: int, body: Any, **headers: str) -> Answer:
    """An answer made up for one test: a body that is cut short, or that is none of HubSpot's."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Answer(status, {name.replace("_", "-"): value for name, value in headers.items()}, raw)


def load_answer(name: str, headers: Mapping[str, str] | None = None, **body: Any) -> Answer:
    """HubSpot's answer in `answers/NAME.json`, with these headers and these fields of the body added or replaced."""
    case = json.loads((ANSWERS / f"{name}.json").read_text(encoding="utf-8"))
    given = {key.lower(): value for key, value in {**case["headers"], **(headers or {})}.items()}
    content = case["body"]
    raw = content.encode() if isinstance(content, str) else json.dumps({**content, **body}).encode()
    return Answer(case["status"], given, raw)


def load_error(name: str, *, only: Sequence[str] = ()) -> dict[str, Any]:
    """The error object in the body of `answers/NAME.json`; `only` these fields of it, since HubSpot may omit any."""
    error = load_answer(name).json()
    return {field: error[field] for field in only} if only else error
