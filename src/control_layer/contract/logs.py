"""How every process of ours logs: one event a line, JSON for machines, coloured for a terminal, to standard error."""

from __future__ import annotations

import logging
import sys
from contextlib import suppress
from typing import TextIO, cast

import structlog

__all__ = ["configure_logs"]


class _Unfailing:
    """Standard error. A terminal that was closed, or a pipe nobody reads, must not break what the log tells of."""

    def write(self, text: str) -> None:
        with suppress(OSError, ValueError):
            sys.stderr.write(text)

    def flush(self) -> None:
        with suppress(OSError, ValueError):
            sys.stderr.flush()


def configure_logs(level: str, *, json: bool, process: str) -> None:
    """Sets structlog up for this process. `level` is a name of `logging`'s; `process` stands in every line."""
    number = logging.getLevelNamesMapping()[level.upper()]
    console = structlog.dev.ConsoleRenderer(
        colors=sys.stderr.isatty(),
        # The default shows local variables, and those may hold secrets.
        exception_formatter=structlog.dev.plain_traceback,
    )
    renderer: structlog.typing.Processor = structlog.processors.JSONRenderer() if json else console
    processors: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    if json:
        processors.append(structlog.processors.format_exc_info)
    structlog.configure(
        processors=[*processors, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        # One write a line: processes share standard error, and half a line of another's would be no JSON.
        logger_factory=structlog.WriteLoggerFactory(cast("TextIO", _Unfailing())),
        cache_logger_on_first_use=True,
    )
    _adopt_libraries(max(number, logging.WARNING), processors, renderer)
    structlog.contextvars.bind_contextvars(process=process)


def _adopt_libraries(
    level: int, processors: list[structlog.typing.Processor], renderer: structlog.typing.Processor
) -> None:
    """What libraries say through `logging` looks like what we say."""
    formatter = structlog.stdlib.ProcessorFormatter(
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        foreign_pre_chain=[structlog.stdlib.add_logger_name, *processors],
    )
    handler = logging.StreamHandler(cast("TextIO", _Unfailing()))
    handler.setFormatter(formatter)
    logging.basicConfig(handlers=[handler], level=level)
