"""The simulated provider as an endpoint like any other; its process is the supervisor's."""
