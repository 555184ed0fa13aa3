"""What every start does before the doors open: tables, rights, seed data, translations, static files.

Runs as a process of its own, so that the supervisor stays small and holds no connection.
"""

import os
import sys
import time
from pathlib import Path

import django

from tongban.command.problems import Problem


def main() -> int:
    """Prepare everything and write the practice accounts to the file named by the first argument."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tongban.config.settings")
    begin = time.monotonic()
    django.setup()
    from tongban.command import assets, database, seed

    try:
        if database.prepare(os.environ["TONGBAN_DATABASE_URL"]):
            _say("database brought up to date", begin)
        seed.run()
        for made in assets.build():
            _say(f"made {made}", begin)
        Path(sys.argv[1]).write_text(seed.accounts_text())
    except Problem as problem:
        print(problem, file=sys.stderr)
        return 1
    _say("prepared", begin)
    return 0


def _say(what: str, begin: float) -> None:
    print(f"{what} ({time.monotonic() - begin:.1f} s)", flush=True)


if __name__ == "__main__":
    sys.exit(main())
