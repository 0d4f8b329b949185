"""What pages, prompts and the router read of a conversation."""

from chatapp.store import Past, Store
from tests.store.conftest import USER, answer, call, exchange


def test_cost_is_of_all_calls_and_feedback_is_the_users(store: Store, talk: str) -> None:
    first, second = exchange(store, talk, "One"), exchange(store, talk, "Two")
    store.ledger.begin(call(first, purpose="draft", cost_microusd=7))
    store.ledger.begin(call(first, route="cloud", cost_microusd=100))
    store.ratings.rate(USER, second.id, -1)
    assert [(e.user_text, e.cost_microusd, e.feedback) for e in store.exchanges.of(talk)] == [
        ("One", 107, 0),
        ("Two", 0, -1),
    ]


def test_history_is_answered_exchanges_in_order(store: Store, talk: str) -> None:
    one = exchange(store, talk, "One", text="1")
    exchange(store, talk, "Two", text="2", status="failed")
    exchange(store, talk, "Three", text="", status="stopped")
    exchange(store, talk, "Four", text="4", status="abstained")
    five = exchange(store, talk, "Five", text="5", status="stopped")
    store.turns.begin(talk, "Six")
    assert store.exchanges.live_history(talk) == [Past(one.id, "One", "1"), Past(five.id, "Five", "5")]


def test_history_begins_where_the_summary_ends(store: Store, talk: str) -> None:
    turns = [exchange(store, talk, str(n)) for n in range(4)]
    store.conversations.save_summary(talk, "So far.", turns[1].id)
    found = store.conversations.get(USER, talk)
    assert store.conversations.summary(talk) == found.summary
    assert (found.summary, found.summary_through) == ("So far.", turns[1].id)
    assert [p.user_text for p in store.exchanges.live_history(talk)] == ["2", "3"]
    assert [p.user_text for p in store.exchanges.live_history(talk, after_turn=0)] == ["0", "1", "2", "3"]
    assert [p.user_text for p in store.exchanges.live_history(talk, after_turn=turns[2].id)] == ["3"]


def test_a_message_is_in_the_summary_or_in_the_history_never_in_both(store: Store, talk: str) -> None:
    turns = [exchange(store, talk, str(n)) for n in range(3)]
    answer(store, store.turns.begin_again(turns[0].id), "New.")
    newest = answer(store, store.turns.begin_again(turns[1].id), "Newer.")
    store.conversations.save_summary(talk, "So far.", newest.id)
    assert [p.user_text for p in store.exchanges.live_history(talk)] == ["2"]


def test_history_of_a_second_try_ends_before_its_message(store: Store, talk: str) -> None:
    turns = [exchange(store, talk, str(n)) for n in range(3)]
    again = store.turns.begin_again(turns[1].id)
    assert [p.user_text for p in store.exchanges.live_history(talk, before_turn=again.id)] == ["0"]
    assert store.exchanges.user_texts(talk, before_turn=again.id, limit=4) == ["0"]


def test_user_texts_are_the_last_ones_oldest_first(store: Store, talk: str) -> None:
    for n in range(5):
        exchange(store, talk, str(n), status="failed", text="")
    turn = store.turns.begin(talk, "now")
    assert store.exchanges.user_texts(talk, before_turn=turn.id, limit=3) == ["2", "3", "4"]
