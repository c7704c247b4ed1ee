"""`python -m toygan`."""

from toygan.cli.main import main

main()
