"""What the measures are made of: one file a family, pure functions of arrays; `toygan.measure` has the table."""
