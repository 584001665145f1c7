"""Finding a part of a text by its pieces of three characters, which `search_vector` makes of it when it is written.

A text that has all pieces of a term may be one that has the term; the index leaves those few to be looked at.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, func
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.orm import InstrumentedAttribute

__all__ = ["having"]

_ESCAPE = "/"


def having(text: InstrumentedAttribute[str], pieces: InstrumentedAttribute[str], term: str) -> ColumnElement[bool]:
    """Rows whose lower-case `text`, with its indexed `pieces`, has `term` somewhere in it, in any case."""
    literally = term
    for special in (_ESCAPE, "%", "_"):
        literally = literally.replace(special, _ESCAPE + special)
    # Lower case as the database understands it, on both sides.
    return and_(
        pieces.op("@@")(func.search_query(func.lower(term), type_=TSQUERY)),
        text.contains(func.lower(literally), escape=_ESCAPE),
    )
