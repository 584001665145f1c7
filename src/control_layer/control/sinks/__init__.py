"""Completed requests as files elsewhere: on a disk, in S3, GCS or Azure."""
