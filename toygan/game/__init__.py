"""The two-player game: pure functions of tensors."""
