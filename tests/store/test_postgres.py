"""The store on a real PostgreSQL server, by psql where no driver is installed, and through psycopg."""

import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import update
from sqlalchemy.dialects import postgresql

from chatapp.errors import BusyError, DatabaseError
from chatapp.store import Prices, Store
from chatapp.store.migrate import alembic_config
from chatapp.store.models import Table
from chatapp.store.traffic import sums_within, turns_within
from tests.store.conftest import USER, Server, answer, call, exchange
from tests.store.test_threads import at_once

pytestmark = pytest.mark.real

NOW = datetime(2026, 1, 1, tzinfo=UTC)
AS_TEXT = {"dialect": postgresql.dialect(), "compile_kwargs": {"literal_binds": True}}
_numbers = count()


@pytest.fixture
def database(server: Server) -> str:
    """The name of an empty database."""
    name = f"test_{next(_numbers)}"
    server.sql(f"CREATE DATABASE {name}")
    return name


@pytest.fixture
def pg(server: Server, database: str) -> Iterator[Store]:
    pytest.importorskip("psycopg", reason="the extra `postgres` is not installed")
    with Store.open(server.url(database)) as store:
        store.conversations.ensure_user(USER)
        yield store


def all_migrations() -> str:
    """The migrations as a script for psql."""
    config = alembic_config()
    config.attributes["dialect"] = "postgresql"
    script = config.output_buffer = io.StringIO()
    command.upgrade(config, "head", sql=True)
    return script.getvalue()


def test_the_migrations_and_the_figures_are_good_sql(server: Server, database: str) -> None:
    server.sql(all_migrations(), database)
    server.sql(
        """
        INSERT INTO "user" VALUES ('ann', now());
        INSERT INTO conversation VALUES ('c', 'ann', '', now(), now(), NULL, '', 0);
        INSERT INTO turn (conversation_id, status, superseded, route, sources, mode, notices, created_at, total_ms)
        VALUES ('c', 'running', false, NULL, '[]', 'hybrid', '[]', now(), NULL),
               ('c', 'done', false, 'local', '[]', 'hybrid', '[]', '2026-01-01', 5);
        INSERT INTO call (turn_id, conversation_id, purpose, route, model, input_tokens, output_tokens,
                          cached_tokens, estimated, cost_microusd, ttft_ms, total_ms, outcome, created_at)
        VALUES (2, 'c', 'answer', 'local', 'm', 100, 21, 0, false, 5, 50, 250, 'ok', now());
        """,
        database,
    )
    with pytest.raises(AssertionError, match="turn_one_running"):
        server.sql("UPDATE turn SET status = 'running'", database)
    found = [
        server.sql(str(statement(NOW, NOW + timedelta(1)).compile(**AS_TEXT)), database)
        for statement in (turns_within, sums_within)
    ]
    assert [line.strip() for line in found] == ["local||f||5", "local||5|20|200|5|100|21"]


def test_models_and_migrations_do_not_diverge(pg: Store) -> None:
    with pg.database.reader.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Table.metadata) == []


def test_a_conversation(pg: Store) -> None:
    talk = pg.conversations.create(USER).id
    turn = pg.turns.begin(talk, "Where is my Äpfel 100% \0 order?", "key")
    assert pg.turns.begin(talk, "the same", "key").resent
    with pytest.raises(BusyError):
        pg.turns.begin(talk, "Too soon", live={turn.id})
    pg.turns.routed(turn.id, {"in_scope": 0.5}, "local", "faq", "v1", 1.0)
    pg.turns.save_partial(turn.id, "Half")
    answer(pg, turn, "Whole.", sources=[{"id": "a", "text": "A.", "probability": 0.5}], ttft_ms=5.0)
    pg.ledger.begin(call(turn, cost_microusd=5_000_000_000))
    for value in (1, -1):
        pg.ratings.rate(USER, turn.id, value)
    failed = answer(pg, pg.turns.begin_again(turn.id), "", "failed")
    (kept,) = pg.exchanges.of(talk)
    assert (kept.answer_text, kept.cost_microusd, kept.feedback) == ("Whole.", 5_000_000_000, -1)
    assert kept.turn.created_at.utcoffset() == timedelta(0)
    assert failed.superseded
    assert [c.id for c in pg.conversations.of(USER, find="äPFEL 100%")] == [talk]
    assert pg.conversations.of(USER, find="1_0") == []
    pg.conversations.save_summary(talk, "So far.", turn.id)
    assert pg.exchanges.live_history(talk) == []
    assert [past.answer_text for past in pg.exchanges.live_history(talk, after_turn=0)] == ["Whole."]
    pg.conversations.delete(USER, talk)
    assert pg.conversations.of(USER) == []
    assert [line.cost_microusd for line in pg.overview.latest_turns(5)] == [0, 5_000_000_000]


def test_figures_and_timeline(pg: Store) -> None:
    talk = pg.conversations.create(USER).id
    for route in ("local", "cloud"):
        turn = exchange(pg, talk, route=route)
        pg.ledger.begin(call(turn, route=route))
    found = pg.figures.between(None, None, Prices(1.0, 10.0))
    assert [(f.name, f.turns, f.saved_microusd) for f in found.routes] == [("cloud", 1, 0), ("local", 1, 305)]
    assert found.total.tokens_per_s == pytest.approx(100)
    now = datetime.now(UTC)
    assert pg.overview.timeline(now - timedelta(hours=1), now + timedelta(hours=1), 1)[0].turns == {
        "cloud": 1,
        "local": 1,
    }


def test_policies(pg: Store) -> None:
    for _ in range(2):
        pg.policies.record("v1", {"in_scope": 0.5}, "ann", "first")
    assert [p.version for p in pg.policies.all()] == ["v1"]


def test_of_twenty_threads_one_begins_and_none_makes_two_users(pg: Store) -> None:
    talk = pg.conversations.create(USER).id
    stores = [Store.open(pg.database.reader.url.render_as_string(hide_password=False)) for _ in range(2)]

    def begin(number: int) -> bool:
        pg.conversations.ensure_user("bob")
        try:
            return stores[number % 2].turns.begin(talk, str(number), live=range(1, 99)).status == "running"
        except BusyError:
            return False

    assert sum(at_once(begin)) == 1
    for store in stores:
        store.close()


def test_two_processes_that_start_at_once(server: Server, database: str, pg: Store) -> None:
    server.sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public", database)
    for store in at_once(lambda _: Store.open(server.url(database))):
        store.close()


def test_locked(server: Server, database: str, pg: Store) -> None:
    talk = pg.conversations.create(USER).id
    with Store.open(server.url(database)) as other, pg.database.write() as session:
        session.connection().execute(update(Table.metadata.tables["conversation"]).values(title="held"))
        with pytest.raises(DatabaseError, match="locked"):
            other.turns.begin(talk, "Hello")


@pytest.mark.parametrize(
    ("name", "password", "words"),
    [("", "wrong", "user or password"), ("nowhere", Server.PASSWORD, "does not exist")],
)
def test_no_entry(server: Server, database: str, pg: Store, name: str, password: str, words: str) -> None:
    with pytest.raises(DatabaseError, match=words) as caught:
        Store.open(server.url(name or database, password))
    assert password not in str(caught.value)


def test_no_server(pg: Store) -> None:
    with pytest.raises(DatabaseError, match="cannot be reached"):
        Store.open("postgresql+psycopg://ann:secret@127.0.0.1:1/db")


def test_read_only_and_newer(server: Server, database: str, pg: Store) -> None:
    server.sql(f"ALTER DATABASE {database} SET default_transaction_read_only = on")
    with pytest.raises(DatabaseError, match="cannot be written to"):
        Store.open(server.url(database))
    server.sql(f"ALTER DATABASE {database} RESET default_transaction_read_only")
    server.sql("UPDATE alembic_version SET version_num = '9999'", database)
    with pytest.raises(DatabaseError, match="newer version"):
        Store.open(server.url(database))


def test_a_turn_of_a_process_that_was_killed_a_moment_ago_is_ended_once_its_beats_are_missed(
    server: Server, database: str, pg: Store
) -> None:
    talk = pg.conversations.create(USER).id
    turn = pg.turns.begin(talk, "Hello")
    pg.turns.save_partial(turn.id, "Half")
    with Store.open(server.url(database)) as restarted:
        assert restarted.owners.interrupt_dead() == []
        waiting = restarted.turns.begin(talk, "Anybody?", most_waiting=5)
        assert waiting.status == "queued"
        server.sql(f"UPDATE turn SET beat_at = now() - interval '1 minute' WHERE id = {turn.id}", database)
        assert [ended.id for ended in restarted.owners.interrupt_dead({waiting.id})] == [turn.id]
        began = restarted.turns.begin_next([waiting.id], live={waiting.id})
        assert began
        assert began.status == "running"
    assert [(e.turn.status, e.answer_text) for e in pg.exchanges.of(talk)] == [("interrupted", "Half"), ("running", "")]
