"""The first message, from this side: compiled from Postgres, kept in step with it, persisted, served to gateways."""

from control_layer.control.snapshots.service import SnapshotService

__all__ = ["SnapshotService"]
