"""The migrations: they make what the models say, keep what is there, and travel in the package."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine, inspect

from chatapp.store import Store
from chatapp.store.database import _engines, _parsed
from chatapp.store.migrate import alembic_config, upgrade
from chatapp.store.models import Table, TurnRow


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    reader, writer = _engines(_parsed(url))
    yield writer
    reader.dispose()
    writer.dispose()


def test_models_and_migrations_do_not_diverge(engine: Engine) -> None:
    upgrade(engine)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Table.metadata) == []
        command.check(alembic_config(connection))


def test_columns_are_as_the_models_say(engine: Engine, tmp_path: Path) -> None:
    upgrade(engine)
    made = create_engine(f"sqlite:///{tmp_path / 'made.db'}")
    Table.metadata.create_all(made)
    for table in Table.metadata.tables:
        migrated, modelled = (
            {c["name"]: (str(c["type"]), c["nullable"], c["primary_key"]) for c in inspect(e).get_columns(table)}
            for e in (engine, made)
        )
        assert migrated == modelled
    made.dispose()


def test_there_is_one_line_of_revisions() -> None:
    script = ScriptDirectory.from_config(alembic_config())
    assert len(script.get_heads()) == len(script.get_bases()) == 1


def test_a_database_of_the_first_revision_is_upgraded_with_its_words(engine: Engine, url: str, tmp_path: Path) -> None:
    upgrade(engine, "0001")
    other = sqlite3.connect(tmp_path / "firstline.db")
    other.executescript((Path(__file__).parent / "first_revision.sql").read_text())
    other.close()
    with Store.open(url) as store:
        (talk,) = store.conversations.of("ann")
        (kept,) = store.exchanges.of(talk.id)
        assert (talk.title, kept.user_text, kept.answer_text) == ("Old title", "Old question?", "Old answer.")
        assert (kept.cost_microusd, kept.feedback) == (12, 1)
        with store.database.read() as session:
            assert session.get_one(TurnRow, 1).decision == {"in_scope": 0.9}
        assert store.policies.all()[0].content == {"in_scope": 0.5}
        assert store.turns.begin(talk.id, "New question?").id == 2


def test_every_step_goes_down_again(engine: Engine) -> None:
    upgrade(engine)
    with engine.begin() as connection:
        command.downgrade(alembic_config(connection), "base")
    assert inspect(engine).get_table_names() == ["alembic_version"]
    upgrade(engine)
    assert len(inspect(engine).get_table_names()) == 8


def test_a_failed_upgrade_leaves_nothing(engine: Engine, tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "firstline.db")
    other.execute("CREATE TABLE message (id INTEGER)")
    other.close()
    with pytest.raises(Exception, match="message"):
        upgrade(engine)
    assert inspect(engine).get_table_names() == ["message"]
