"""Every error of the project explains itself, and none of the ground floor reaches the application as a stranger."""

import pickle
from pathlib import Path

import pytest

from chatapp.backends.local.model import as_operators_error, model_file, model_hash
from chatapp.errors import FirstlineError, ModelFileError, OperatorError
from finetune.errors import FinetuneError
from localmodel import errors
from localmodel.errors import BaseModelError, ExplainedError, ReleaseError
from localmodel.model_file import SHIPPED_SHA256
from router.errors import RouterError
from tests.backends.conftest import make_settings


@pytest.mark.parametrize("root", [FirstlineError, RouterError, FinetuneError, BaseModelError, ReleaseError])
def test_every_tree_begins_at_one_root(root: type[ExplainedError]) -> None:
    error = root("The file is damaged.", "Restore it.")
    assert isinstance(error, ExplainedError)
    assert (error.what, error.hint, str(error)) == (
        "The file is damaged.",
        "Restore it.",
        "The file is damaged. Restore it.",
    )
    assert str(root("No hint.")) == "No hint."
    assert str(pickle.loads(pickle.dumps(error))) == str(error)  # as a process of its own hands it back


def test_what_the_settings_name_and_is_not_there_is_the_operators_error_with_its_code(tmp_path: Path) -> None:
    absent = make_settings(local_model=str(tmp_path / "absent.gguf"))
    for find in (model_file, model_hash):
        with pytest.raises(ModelFileError, match=r"absent\.gguf.*FIRSTLINE_LOCAL_MODEL") as caught:
            find(absent)
        assert isinstance(caught.value, OperatorError)
        assert (caught.value.code, caught.value.status) == ("model_file", 500)
    assert model_hash(make_settings()) == SHIPPED_SHA256


@pytest.mark.parametrize("kind", [errors.ModelFileError, BaseModelError])
def test_a_model_or_adapter_that_cannot_be_loaded_is_the_operators_error(kind: type[ExplainedError]) -> None:
    with pytest.raises(ModelFileError) as caught, as_operators_error():
        raise kind("It does not fit.", "Train again.")
    assert (caught.value.code, caught.value.what, caught.value.hint) == (
        "model_file",
        "It does not fit.",
        "Train again.",
    )
