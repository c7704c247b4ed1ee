"""A run as it is played and as it is recorded."""
