"""Words everyone uses; imports nothing of ours."""
