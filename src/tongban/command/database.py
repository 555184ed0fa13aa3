"""Tables and rights: brings a database up to date, as its owner, and lets the application's role in.

The application never owns what it works on. Its role `tongban_app` has exactly the rights listed here;
above all it cannot change, delete or truncate a journal entry or a seal.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from django.apps import apps
from django.core.management import call_command
from django.db import connections
from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState
from django.utils import translation
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from tongban.command.problems import Problem
from tongban.kernel import primary

ROLE = "tongban_app"
EVERYTHING = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE"})
# Also their partitions. Published standards are kept from change by a policy on their rows: catalogue 0002.
APPEND_ONLY = re.compile(
    r"(journal_(entry|seal|sealedhead|look|verification)|directory_contactlist|catalogue_withdrawal"
    r"|tongban_messages_(template|report))(_|$)"
)
READ_ONLY = frozenset({"django_migrations"})
LOCK = 7_305_102  # of pg_advisory_lock: two starts at the same time prepare one after the other

_TABLES = """
    SELECT c.relname, c.relkind = 'S',
           coalesce(array_agg(a.privilege_type) FILTER (WHERE a.privilege_type IS NOT NULL), '{}')
      FROM pg_class c
      LEFT JOIN LATERAL aclexplode(c.relacl) a ON a.grantee = (SELECT oid FROM pg_roles WHERE rolname = %s)
     WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'S')
     GROUP BY c.oid, c.relname, c.relkind
     ORDER BY c.relname
"""


def prepare(owner_url: str, *, alias: str = "owner") -> bool:
    """Bring the database to the newest tables and rights; tell whether there was anything to do.

    `alias` is the Django connection of the owner; it points to the same database as `owner_url`.
    Raises Problem when the server is out of reach, too old, or the owner lacks a right.
    """
    with _connected(owner_url) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        try:
            ensure_role(connection, login=str(connections.settings["default"]["USER"]))
            migrated = _migrate(alias)
            return grant(connection) or migrated
        finally:
            connection.execute("SELECT pg_advisory_unlock(%s)", [LOCK])


def ensure_role(connection: "psycopg.Connection[tuple[object, ...]]", *, login: str = "") -> None:
    """Create the application's role where it is missing; let the owner act as it and `login` inherit it.

    Raises Problem, with what to ask of the server's administrator, when the owner may not.
    """
    user = connection.info.user
    act_as = "SET" if connection.info.server_version >= 160000 else "MEMBER"
    try:
        if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [ROLE]).fetchone() is None:
            connection.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(sql.Identifier(ROLE)))
        for member, bond in ((user, act_as), (login or user, "USAGE" if login not in {"", user} else act_as)):
            known = connection.execute("SELECT pg_has_role(%s, %s, %s)", [member, ROLE, bond]).fetchone()
            if known is None or not known[0]:
                connection.execute(
                    sql.SQL("GRANT {} TO {}").format(sql.Identifier(ROLE), sql.Identifier(member))
                )
    except psycopg.errors.InsufficientPrivilege:
        raise Problem(
            f"The user {user} may not create or hand out the role {ROLE}. "
            f"Ask the server's administrator to run:\n"
            f"  CREATE ROLE {ROLE} NOLOGIN;  GRANT {ROLE} TO {user};"
        ) from None


def wrong_rights(connection: "psycopg.Connection[tuple[object, ...]]") -> dict[str, frozenset[str]]:
    """List the tables and sequences on which the application's role has more or less than it should.

    Returns each name with the rights it ought to have.
    """
    wrong = {}
    for name, is_sequence, rights in connection.execute(_TABLES, [ROLE]):
        wanted = _due(str(name), is_sequence=bool(is_sequence))
        if set(rights) != wanted:  # type: ignore[call-overload]
            wrong[str(name)] = wanted
    return wrong


def grant(connection: "psycopg.Connection[tuple[object, ...]]") -> bool:
    """Give the application's role the rights it should have and no others; tell whether any was wrong."""
    role = sql.Identifier(ROLE)
    wrong = wrong_rights(connection)
    if not wrong:
        return False
    with connection.transaction():
        connection.execute(sql.SQL("GRANT USAGE ON SCHEMA public TO {}").format(role))
        connection.execute(sql.SQL("GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO {}").format(role))
        for name, rights in wrong.items():
            what = sql.SQL("SEQUENCE" if "USAGE" in rights else "TABLE")
            on = sql.SQL("ON {} {}").format(what, sql.Identifier("public", name))
            connection.execute(sql.SQL("REVOKE ALL {} FROM {}").format(on, role))
            granted = sql.SQL(", ").join(sql.SQL(right) for right in sorted(rights))
            connection.execute(sql.SQL("GRANT {} {} TO {}").format(granted, on, role))
    return True


def missing_migrations() -> list[str]:
    """List the apps whose models have changed without a migration; needs no database."""
    loader = MigrationLoader(None)
    conflicts = [f"{app}: {' / '.join(names)}" for app, names in loader.detect_conflicts().items()]
    if conflicts:
        return conflicts
    with translation.override(None):  # migrations hold the untranslated names
        now = ProjectState.from_apps(apps)
        changes = MigrationAutodetector(loader.project_state(), now).changes(graph=loader.graph)
    return [
        f"{app}: {operation.describe()}"
        for app, migrations in sorted(changes.items())
        for migration in migrations
        for operation in migration.operations
    ]


def _due(name: str, *, is_sequence: bool) -> frozenset[str]:
    if is_sequence:
        return frozenset({"SELECT", "USAGE"})
    if APPEND_ONLY.match(name):
        return frozenset({"SELECT", "INSERT"})
    return frozenset({"SELECT"}) if name in READ_ONLY else EVERYTHING


@contextmanager
def _connected(url: str) -> "Iterator[psycopg.Connection[tuple[object, ...]]]":
    try:
        connection = primary.Connection.connect(url, autocommit=True, connect_timeout=10)
    except psycopg.OperationalError as error:
        where = {"port": "5432", "dbname": "", **conninfo_to_dict(url)}
        raise Problem(
            f"The database {where['host']}:{where['port']}/{where['dbname']} cannot be reached: {error}"
        ) from None
    with connection:
        if connection.info.server_version < 150000:
            raise Problem("PostgreSQL 15 or newer is needed.")
        yield connection


def _migrate(alias: str) -> bool:
    connection = connections[alias]
    try:
        executor = MigrationExecutor(connection)
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    finally:
        connection.close()
    if not plan:
        return False
    call_command("migrate", database=alias, verbosity=0, interactive=False)
    connections[alias].close()
    return True
