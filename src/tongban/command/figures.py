"""`tongban figures`: count the public figures now, instead of waiting for the night."""

import argparse

from tongban.cases import figures
from tongban.directory import queries


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Nothing to choose."""


def run(options: argparse.Namespace) -> int:
    """Count, and say how the provinces stand this year."""
    rows = figures.count_all(at=queries.now())
    found = figures.of_year()
    print(f"{rows} rows counted; {found.year or 'no year yet'}:")
    for province in found.provinces:
        print(f"  {province.name} " + " ".join(f"{name}={n}" for name, n in province.counts.items()))
    return 0
