"""HTTP/1.1 in both roles over httptools and uvloop; knows nothing of AI."""
