"""Finding a part of a text by its grams, the pieces of up to three characters that `search_grams` makes of it.

A text that has all grams of a term may be one that has the term; the index leaves those few to be looked at.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, Text, and_, func
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import InstrumentedAttribute

__all__ = ["having"]

_ESCAPE = "/"


def having(column: InstrumentedAttribute[str], term: str) -> ColumnElement[bool]:
    """Rows whose lower-case `column`, indexed by its grams, has `term` somewhere in it, in any case."""
    literally = term
    for special in (_ESCAPE, "%", "_"):
        literally = literally.replace(special, _ESCAPE + special)
    grams = func.search_grams(func.lower(term), type_=ARRAY(Text))
    return and_(
        func.search_grams(column, type_=ARRAY(Text)).contains(grams),
        # Lower case as the database understands it, on both sides.
        column.contains(func.lower(literally), escape=_ESCAPE),
    )
