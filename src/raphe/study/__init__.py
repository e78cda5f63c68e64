"""A question as a file."""
