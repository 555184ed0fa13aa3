"""`tongban db`: the embedded database server by hand, and the tables and rights of any database."""

import argparse
import os

from tongban.command import postgres, processes, running
from tongban.command.problems import Problem


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what `tongban db` understands."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    actions.add_parser("start", help="start the embedded server and leave it running")
    actions.add_parser("stop", help="stop the embedded server")
    actions.add_parser("status", help="say whether the embedded server runs, and where its data is")
    actions.add_parser("prepare", help="bring tables and rights up to date, as the owner")
    actions.add_parser("check", help="tell whether models and migrations agree (needs no database)")
    actions.add_parser("restored", help="settle a database that was restored on a server of your own")
    address = actions.add_parser("psql-url", help="print an address for psql; it contains a password")
    address.add_argument("--app", action="store_true", help="as the application's role, not as the owner")


def needs_database(options: argparse.Namespace) -> bool:
    """Preparing and settling need a running server."""
    return options.action in {"prepare", "restored"}


def run(options: argparse.Namespace) -> int:
    """Do the one thing asked for."""
    if options.action == "check":
        return _check()
    if options.action == "prepare":
        from tongban.command import database

        changed = database.prepare(os.environ["TONGBAN_DATABASE_URL"])
        print("The database is up to date now." if changed else "The database was up to date.")
        return 0
    if options.action == "restored":
        return _restored()
    if options.action == "psql-url" and not running.is_embedded():
        print(
            (os.environ.get("TONGBAN_DATABASE_APP_URL") if options.app else "")
            or os.environ["TONGBAN_DATABASE_URL"]
        )
        return 0
    return _embedded(options, running.embedded())


def _embedded(options: argparse.Namespace, cluster: postgres.Cluster) -> int:
    if options.action == "psql-url":
        print(cluster.app_url if options.app else cluster.owner_url)
    elif options.action == "start":
        cluster.start()
        print(f"The database runs on port {cluster.port}; its data is in {cluster.place}.")
    elif options.action == "stop":
        if (now := running.state()) is not None:
            raise Problem(f"Tongban runs (process {now.pid}) and would start it again: stop that first.")
        cluster.stop()
        print("The database is stopped.")
    else:
        pid = cluster.postmaster()
        user = processes.user_name(cluster.data.stat().st_uid) if cluster.data.exists() else ""
        print(
            f"process {pid}, user {user}, port {cluster.port}" if pid else "not running",
            cluster.place,
            sep="\n",
        )
        return 0 if pid else 1
    return 0


def _restored() -> int:
    from tongban.command import restored

    missing = restored.settle(since="", to=None)
    for digest in missing:
        print(f"MISSING: the file {digest}")
    if not missing:
        print("Sessions are ended, jobs are free, every file that the database names is there and opens.")
    return 1 if missing else 0


def _check() -> int:
    from tongban.command import database

    missing = database.missing_migrations()
    for line in missing:
        print(f"no migration for {line}")
    return 1 if missing else 0
