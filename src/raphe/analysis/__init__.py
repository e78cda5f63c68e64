"""Results -> answers."""
