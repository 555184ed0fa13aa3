"""`make fire MINUTES=10 [SEED=…]`: burn, and print the report; 0 when nothing was lost, doubled or left behind."""

import argparse
import secrets
import sys

from tests.fire import fire


def main() -> int:
    parser = argparse.ArgumentParser(prog="make fire", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=None, help="of every random choice; printed first")
    parser.add_argument("--programs", type=int, default=5, help="clerks that use the API")
    parser.add_argument("--persons", type=int, default=3, help="clerks that use the pages")
    options = parser.parse_args()
    report = fire.burn(
        minutes=options.minutes,
        seed=secrets.randbelow(2**31) if options.seed is None else options.seed,
        programs=options.programs,
        persons=options.persons,
        say=lambda line: print(line, flush=True),
    )
    print("\n" + "\n".join(report.lines()))
    return 0 if report.is_clean and report.longest("database") <= fire.GOAL else 1


if __name__ == "__main__":
    sys.exit(main())
