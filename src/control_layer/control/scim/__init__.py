"""SCIM 2.0 (RFC 7643, 7644): identity providers keep people and groups in step with their directory."""
