"""What all entries of a state file are made of: names, numbers, amounts of money, and where secrets are found."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainSerializer, model_validator

__all__ = [
    "Amount",
    "AtLeastOne",
    "Cap",
    "Count",
    "CredentialSpec",
    "KeyName",
    "Name",
    "Names",
    "Positive",
    "Purpose",
    "Spec",
    "given",
    "once",
    "plain",
]


def _trimmed(text: str) -> str:
    if text != text.strip() or not text:
        raise ValueError("it must not be empty, nor begin or end with a space")
    return text


def once(items: list[str]) -> list[str]:
    """The items, of which none may stand twice. Raises `ValueError`."""
    twice = sorted({item for item in items if items.count(item) > 1})
    if twice:
        raise ValueError(f"'{twice[0]}' is given a second time")
    return items


def given(**fields: object) -> dict[str, object]:
    """Those that have a value: an entry says nothing of the others."""
    return {name: value for name, value in fields.items() if value is not None}


def plain(value: Decimal) -> str:
    """Digits only, none to spare: `0.0000025`."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


Name = Annotated[str, AfterValidator(_trimmed)]
KeyName = Annotated[str, Field(min_length=1)]
Names = Annotated[list[Name], AfterValidator(once)]
Amount = Annotated[
    Decimal,
    Field(ge=0, lt=10**12, max_digits=24, decimal_places=12),
    PlainSerializer(plain, return_type=str, when_used="json"),
]
Cap = Annotated[
    Decimal,
    Field(gt=0, lt=10**11, max_digits=20, decimal_places=9),
    PlainSerializer(plain, return_type=str, when_used="json"),
]
Purpose = Literal["realtime", "batch", "playground"]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0, le=2**31 - 1)]
AtLeastOne = Annotated[int, Field(ge=1, le=2**31 - 1)]


class Spec(BaseModel):
    """A mapping of the file. Unknown keys are errors; values never show up in messages."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, protected_namespaces=())


class CredentialSpec(Spec):
    """Where `apply` finds the credential of a provider or a service. The credential itself never stands in the file."""

    env: Name | None = None
    """The name of an environment variable."""
    file: Name | None = None
    """The path of a file."""

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.env is None) == (self.file is None):
            raise ValueError("give one place: 'env: NAME' or 'file: PATH'")
        return self
