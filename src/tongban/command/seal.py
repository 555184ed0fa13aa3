"""`tongban seal`: sign a root over everything that was written since the last seal."""

import argparse
import datetime

from tongban.journal import operations


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Nothing to choose."""


def run(options: argparse.Namespace) -> int:
    """Seal the journal and say what was sealed."""
    seal = operations.seal(at=datetime.datetime.now(datetime.UTC))
    print(f"seal {seal.number}: {seal.heads} chains" if seal else "nothing new since the last seal")
    return 0
