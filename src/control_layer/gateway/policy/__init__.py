"""Traffic policy: pure, clock-injected decisions."""
