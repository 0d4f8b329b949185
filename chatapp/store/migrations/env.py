"""Run by Alembic for each command; `chatapp.store.migrate.alembic_config` hands the connection in."""

from alembic import context

from chatapp.store.models import Table


def _configure() -> None:
    # Batch mode, because SQLite cannot alter a column in place.
    given = context.config.attributes
    if context.is_offline_mode():
        context.configure(dialect_name=given["dialect"], literal_binds=True, render_as_batch=True)
    else:
        context.configure(given["connection"], target_metadata=Table.metadata, render_as_batch=True)


_configure()
with context.begin_transaction():
    context.run_migrations()
