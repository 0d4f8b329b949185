"""The texts of the prompt forms: adapters carry a form's name, so a form that has a name never changes."""

import pytest

from localmodel.prompt import FORMS, GROUNDED, MESSAGE_FIRST, Said, local_prompt

RULES = "Be brief. Answer from the text alone. If it does not answer, say: I do not know."


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ("grounded-2", "Text: We bake at 5.\n\nCustomer: when?"),
        ("grounded-1", "Customer: when?\n\nText: We bake at 5."),
    ],
)
def test_a_form_with_a_name_stays_as_it_was_trained(form: str, said: str) -> None:
    assert local_prompt(" Be brief.", "We bake at 5. ", " when? ", form) == (Said("system", RULES), Said("user", said))


def test_the_forms_are_the_newest_and_those_before_it() -> None:
    assert FORMS == (GROUNDED, MESSAGE_FIRST) == ("grounded-2", "grounded-1")


def test_a_form_that_nobody_knows_is_asked_as_the_base_model_is() -> None:
    assert local_prompt("Be brief.", "We bake at 5.", "when?", "of-later") == local_prompt(
        "Be brief.", "We bake at 5.", "when?"
    )
