"""`tongban bench`: what the product costs, and the made-up cases to measure it with."""

import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what `tongban bench` understands."""
    from tongban.command.bench import measuring, seeding

    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    seeding.add_arguments(actions.add_parser("seed", help="fill an empty database with made-up cases"))
    measuring.add_arguments(actions.add_parser("run", help="measure everything that has a goal"))


def needs_database(options: argparse.Namespace) -> bool:
    """Every action starts the databases that it needs."""
    return False


def run(options: argparse.Namespace) -> int:
    """Do the one thing asked for."""
    from tongban.command.bench import measuring, seeding

    return seeding.run(options) if options.action == "seed" else measuring.run(options)
