"""What commands print: tables on a terminal, columns between tabs into a pipe, or one JSON document."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence

import typer

__all__ = ["Output", "printable"]


class Output:
    """One command's. Results go to standard output; what is said about them, to standard error."""

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[object]], content: object) -> None:
        """A list: `content` is what the API answered."""
        if self.as_json:
            self.document(content)
        elif sys.stdout.isatty():
            _show(columns, rows)
        else:
            for row in rows:
                typer.echo("\t".join(_cell(value) for value in row))

    def fields(self, rows: Sequence[tuple[str, object]], content: object) -> None:
        """One object, a line a field."""
        if self.as_json:
            self.document(content)
            return
        width = max(len(name) for name, _ in rows)
        terminal = sys.stdout.isatty()
        for name, value in rows:
            typer.echo(f"{name:<{width}}  {_cell(value)}" if terminal else f"{name}\t{_cell(value)}")

    def document(self, content: object) -> None:
        """The one JSON document."""
        typer.echo(json.dumps(content, ensure_ascii=False, indent=2))

    def said(self, text: str) -> None:
        """Tells the person what happened; programs read the document or the exit status."""
        if not self.as_json:
            typer.echo(printable(text), err=True)


def printable(text: str) -> str:
    """Without characters that could steer a terminal: names are chosen by other people."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)


def _cell(value: object, between: str = ",") -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return between.join(_cell(item) for item in value)
    return printable(str(value))


def _show(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column.upper(), overflow="fold")
    for row in rows:
        table.add_row(*(Text(_cell(value, ", ")) for value in row))
    Console().print(table)
