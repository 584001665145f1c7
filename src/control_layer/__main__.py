"""`python -m control_layer`: the same as the console script."""

from control_layer.cli import main

main()
