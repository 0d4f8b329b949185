"""The JSON of the events that carry notices, for both readers: programs of earlier versions read it."""

import json

from chatapp.errors import ProviderUnreachableError
from chatapp.store.notices import Note, NoticeCode
from chatapp.turn.events import Escalated, Failed, Finished, Notice, Reader, Source
from chatapp.turn.notices import customer_notice

NOTES = (
    Note(NoticeCode.ESCALATED, "The local answer was not sure enough, so the cloud model was asked."),
    Note(NoticeCode.CLOUD_FAILED, "The cloud model was asked too, and did not answer.", "No connection."),
    Note(NoticeCode.APPROVED_WORDING, "This is the approved wording, word for word."),
)
FINISHED = Finished(1, "c", "done", "local", "returns", "Sixty.", (Source("a.b", "60 days.", 0.9),), 5, 1.0, 2.0, NOTES)


def test_the_operator_reads_notices_as_they_are_stored() -> None:
    told = json.loads(json.dumps(FINISHED.as_json(Reader.OPERATOR)))
    assert told["notices"] == [
        {"code": "escalated", "text": NOTES[0].text},
        {"code": "cloud_failed", "text": NOTES[1].text, "detail": "No connection."},
        {"code": "approved_wording", "text": NOTES[2].text},
    ]
    assert told["sources"] == [{"id": "a.b", "text": "60 days.", "probability": 0.9}]
    assert (told["type"], told["route"], told["cost_microusd"], told["ttft_ms"]) == ("finished", "local", 5, 1.0)


def test_a_customer_reads_the_notices_that_are_for_them_in_their_words() -> None:
    told = json.loads(json.dumps(FINISHED.as_json()))
    assert told["notices"] == [
        {
            "code": "escalated",
            "text": "Our own assistant was not sure enough, so an outside AI service was asked.",
        },
        {"code": "cloud_failed", "text": "An outside AI service was asked too, and did not answer."},
    ]
    assert told == {
        "type": "finished",
        "turn_id": 1,
        "conversation_id": "c",
        "status": "done",
        "answered_by": "own",
        "text": "Sixty.",
        "sources": [{"text": "60 days."}],
        "notices": told["notices"],
        "options": [],
    }


def test_a_notice_is_told_while_the_answer_is_made() -> None:
    notice = Notice(1, "c", NoticeCode.CLOUD_FAILED, "The cloud model failed.", "No connection.")
    head = {"type": "notice", "turn_id": 1, "conversation_id": "c", "code": "cloud_failed"}
    assert notice.as_json(Reader.OPERATOR) == head | {"text": "The cloud model failed.", "detail": "No connection."}
    assert notice.as_json() == head | {"text": "An outside AI service was asked too, and did not answer."}
    assert Notice(1, "c", NoticeCode.APPROVED_WORDING, "Word for word.").as_json() == {}


def test_an_escalation_names_who_is_asked() -> None:
    told = Escalated(1, "c", "The local answer was not sure enough.").as_json()
    assert told["reason"] == "Our own assistant was not sure enough, so an outside AI service was asked."
    assert told["answered_by"] == "outside"


def test_a_failure_is_stored_as_a_notice_in_the_customers_words() -> None:
    failed = Failed.of(1, "c", ProviderUnreachableError("No connection.", "Check it."))
    assert failed.notice == Note("provider_unreachable", f"{failed.what} {failed.hint}", "No connection. Check it.")


def test_a_customer_reads_of_a_failure_what_happened_and_what_came() -> None:
    error = ProviderUnreachableError("No connection.", "Check it.")
    failed = Failed.of(1, "c", error, "Half an", (Source("a.b", "60 days.", 0.9),))
    assert failed.as_json() == {
        "type": "failed",
        "turn_id": 1,
        "conversation_id": "c",
        "code": "no_answer",
        "what": failed.what,
        "hint": failed.hint,
        "text": "Half an",
        "sources": [{"text": "60 days."}],
    }
    assert "Your message is kept." in failed.hint


def test_a_failure_that_was_stored_in_the_operators_words_is_told_by_its_code() -> None:
    failed = Failed.of(1, "c", ProviderUnreachableError("No connection.", "Check it."))
    stored = Note("provider_unreachable", "No connection. Check it.")
    assert customer_notice(stored) == {"code": "no_answer", "text": f"{failed.what} {failed.hint}"}
