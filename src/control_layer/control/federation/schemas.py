"""Bodies of `/authentication/oidc`."""

from __future__ import annotations

from pydantic import Field

from control_layer.control.schema import Output

__all__ = ["Linking", "SingleSignOn"]


class SingleSignOn(Output):
    """What a login page needs to know."""

    enabled: bool
    display_name: str | None = Field(description="What the button says; null where there is none.")
    login_url: str | None = Field(
        description="Where the button leads.", examples=["https://ai.example.org/authentication/oidc/login"]
    )


class Linking(Output):
    """Where a signed-in person shows who they are at the provider."""

    authorization_url: str
