"""All of SCIM's routes. Importing this takes a quarter of a control plane's start: `entry` does when somebody comes."""

from __future__ import annotations

from fastapi.routing import APIRoute

from control_layer.control.scim.discovery_routes import router as discovery
from control_layer.control.scim.group_routes import router as groups
from control_layer.control.scim.user_routes import router as users

__all__ = ["routes"]

routes = [route for router in (discovery, users, groups) for route in router.routes if isinstance(route, APIRoute)]
