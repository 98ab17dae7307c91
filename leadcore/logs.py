"""Logs: one JSON line per important event, coloured text on a terminal; ids, never what a customer said.

A lead's lines carry its id as `lead`: lead.accepted (at DEBUG: the receipt has it too), lead.duplicate, lead.spooled,
lead.created, lead.updated, lead.unchanged, lead.skipped, lead.held, lead.retried, lead.parked, message.sent,
message.failed, message.unclear, message.kept.
"""

import logging
import sys
import traceback
from pathlib import Path
from typing import Any

import structlog


def configure(level: str) -> None:
    """Route structlog at `level` and the libraries' warnings to stderr."""
    terminal = sys.stderr.isatty()
    render: Any = structlog.dev.ConsoleRenderer() if terminal else structlog.processors.JSONRenderer(ensure_ascii=False)
    common: list[Any] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _hide_error_text,
    ]
    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, *common, render],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        # One write per line: several processes share stderr, and print() makes two where Python does not buffer.
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, render],
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *common],
        )
    )
    logging.basicConfig(level="WARNING", handlers=[handler], force=True)
    # Its warnings of malformed answers quote the whole URL, which may be a secret.
    logging.getLogger("urllib3.connection").setLevel("ERROR")


def format_place(error: BaseException) -> str:
    """Where it was raised; never the error's text, which may hold what a customer said."""
    frames = traceback.extract_tb(error.__traceback__)
    return " < ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in reversed(frames[-3:]))


def _hide_error_text(_logger: Any, _method: str, line: Any) -> Any:
    """Replace an exception's text and traceback by its type and place."""
    raised = line.pop("exc_info", None)
    error = raised[1] if isinstance(raised, tuple) else raised
    if isinstance(error, BaseException):
        line |= {"error": type(error).__name__, "at": format_place(error)}
    return line
