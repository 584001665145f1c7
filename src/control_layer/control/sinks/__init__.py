"""Completed requests as files elsewhere: on a disk, in S3, GCS or Azure. Loaded only where a sink is set up."""
