"""Brings a database to the newest revision. The scripts are part of the package, so a wheel carries them."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

from chatapp.errors import DatabaseError

_ONE_AT_A_TIME = 0x46697273  # any number will do, as long as every process of ours takes the same


def alembic_config(connection: Connection | None = None) -> Config:
    """Alembic's configuration for these scripts; its commands work inside the connection's transaction."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Applies what is missing, all or nothing; of several processes that start at once, one does and the
    others wait.

    Raises DatabaseError if the database is at a revision that this version does not know.
    """
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ONE_AT_A_TIME})
        config = alembic_config(connection)
        _check_known(connection, config)
        command.upgrade(config, revision)
        # Changes nothing, but tells at the start, not with the first message, that writing is not possible.
        connection.execute(text("UPDATE alembic_version SET version_num = version_num"))


def _check_known(connection: Connection, config: Config) -> None:
    current = MigrationContext.configure(connection).get_current_revision()
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if current is not None and current not in known:
        raise DatabaseError(
            f"The database {connection.engine.url.render_as_string()!r} was written by a newer version "
            f"(its revision {current!r} is unknown here).",
            "Install that version again, or restore the backup made before it was installed.",
        )
