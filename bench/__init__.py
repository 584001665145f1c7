"""The benchmark, and the processes that it and the tests start."""
