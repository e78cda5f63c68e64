"""People: who is simulated, and how they differ."""
