"""`python -m control_layer.control FD`: the control plane on the supervision channel that it inherits as FD."""

from __future__ import annotations

from control_layer.contract.loading import for_good

__all__ = ["main"]


def main() -> None:
    """Loads the control plane and serves until told to stop; `child` says with which status it ends."""
    with for_good():
        from control_layer.control.child import serve
    serve()


if __name__ == "__main__":
    main()
