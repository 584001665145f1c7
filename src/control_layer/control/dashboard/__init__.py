"""The dashboard's built files, served to browsers; their sources are in `dashboard/` at the top of the tree."""
