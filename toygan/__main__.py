"""`python -m toygan`."""

from toygan.cli import main

main()
