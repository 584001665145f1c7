"""Finding a part of a text by its pieces of three characters, which `search_vector` makes of it for an index.

A text that has all pieces of a term may be one that has the term; the index leaves those few to be looked at.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, SQLColumnExpression, Text, and_, func, literal_column
from sqlalchemy.dialects.postgresql import TSQUERY

__all__ = ["having", "having_indexed"]

_ESCAPE = "/"


def having(text: SQLColumnExpression[str], pieces: SQLColumnExpression[str], term: str) -> ColumnElement[bool]:
    """Rows whose lower-case `text`, with its indexed `pieces`, has `term` somewhere in it, in any case."""
    literally = term
    for special in (_ESCAPE, "%", "_"):
        literally = literally.replace(special, _ESCAPE + special)
    # Lower case as the database understands it, on both sides.
    return and_(
        pieces.op("@@")(func.search_query(func.lower(term), type_=TSQUERY)),
        text.contains(func.lower(literally), escape=_ESCAPE),
    )


def having_indexed(text: str, term: str) -> ColumnElement[bool]:
    """The same, where no column holds the pieces: they are in an index on `search_vector(text)`, as SQL."""
    return having(literal_column(text, Text), literal_column(f"search_vector({text})", Text), term)
