"""The JSON of the events that carry notices, for both readers: programs of earlier versions read it."""

import json

from chatapp.errors import ProviderUnreachableError
from chatapp.store.notices import Note, NoticeCode
from chatapp.turn.events import Escalated, Failed, Finished, Notice, Reader, Source

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
    assert told["sources"] == [{"text": "60 days."}]


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
