"""What runs a step: a pure function of named tensors, (state, draw, dials) -> state. No engine knows a method's name."""
