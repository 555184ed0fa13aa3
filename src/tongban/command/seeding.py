"""`tongban seed`: load what the product starts with, by hand."""

import argparse

from tongban.command import seed


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """There is nothing to choose."""


def run(options: argparse.Namespace) -> int:
    """Load everything that is not there yet."""
    seed.run()
    print("The seed data is loaded.")
    return 0
