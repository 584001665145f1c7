"""The data plane: takes AI requests, decides in memory, forwards, streams, accounts."""
