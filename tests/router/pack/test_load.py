"""Every way in which a pack can be malformed has an error with file, line and remedy."""

import json
from pathlib import Path

import pytest

from language.english import ENGLISH
from router.encoder.encoder import Encoder
from router.errors import PackError
from router.model.corpus import UNKNOWN, build_corpus
from router.pack.labelled import Labelled
from router.pack.load import load_pack
from router.pack.overlap import taught
from router.router import Router
from router.types import FactVoice, Route
from tests.router.conftest import SUPPORT

PIP = SUPPORT.parent / "pip"


def _edit(folder: Path, name: str, old: str, new: str) -> None:
    path = folder / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_the_shipped_pack_is_valid() -> None:
    pack = load_pack(SUPPORT)
    assert pack.name == "support"
    assert len(pack.categories) == 7
    assert 4 <= len(pack.starters) <= 6
    assert "0800 555 0142" in pack.contact
    assert all(fact.id.startswith(f"{fact.category}.") for fact in pack.facts)


def test_a_small_pack(pack_dir: Path) -> None:
    pack = load_pack(pack_dir)
    assert [category.key for category in pack.categories] == ["bread", "hours"]
    assert [fact.id for fact in pack.facts] == ["bread.baked", "hours.week", "hours.sunday"]
    assert pack.out_of_scope == ("write a poem", "what is the capital of france", "my landlord kept my deposit")
    assert (pack.language, pack.encoder, pack.starters) == ("en", "", ())
    assert (pack.calibration, pack.thresholds, pack.fact_threshold) == ((), {}, None)


def test_messages_that_no_fact_answers(pack_dir: Path) -> None:
    _edit(
        pack_dir, "categories/bread.toml", "[[facts]]", 'unanswerable = ["who bakes it", "rye bread recipe"]\n[[facts]]'
    )
    pack = load_pack(pack_dir)
    assert [category.unanswerable for category in pack.categories] == [("who bakes it", "rye bread recipe"), ()]
    corpus = build_corpus(pack)
    assert [corpus.texts[row] for row in corpus.unanswerable.nonzero()[0]] == ["who bakes it", "rye bread recipe"]
    assert (taught(pack.categories, (), (), ENGLISH)["who bakes it"], corpus.fact[corpus.unanswerable].max()) == (
        "bread",
        UNKNOWN,
    )
    _edit(pack_dir, "categories/bread.toml", "who bakes it", "baking times")
    with pytest.raises(PackError, match="stands under 'bread' and under 'unanswerable of bread'"):
        load_pack(pack_dir)


def test_thresholds_and_encoder_of_the_pack(pack_dir: Path) -> None:
    with (pack_dir / "categories/bread.toml").open("a") as file:
        file.write("\n[routing]\nthreshold = 0.7\n")
    with (pack_dir / "pack.toml").open("a") as file:
        file.write('[models]\nencoder = "/some/model"\n[defaults]\nfact_threshold = 0.4\n')
    pack = load_pack(pack_dir)
    assert (pack.thresholds, pack.fact_threshold, pack.encoder) == ({"bread": 0.7}, 0.4, "/some/model")


@pytest.mark.parametrize(
    ("line", "voice"),
    [
        ("", FactVoice.PHRASED),
        ("verbatim = true\n", FactVoice.VERBATIM),
        ("free = true\n", FactVoice.FREE),
        ("free = true\nverbatim = false\n", FactVoice.FREE),
    ],
)
def test_who_words_a_fact(pack_dir: Path, line: str, voice: FactVoice) -> None:
    _edit(pack_dir, BREAD, "questions =", f"{line}questions =")
    baked, *others = load_pack(pack_dir).facts
    assert baked.voice is voice
    assert all(fact.voice is FactVoice.PHRASED for fact in others)


def test_the_hash_follows_the_contents(pack_dir: Path) -> None:
    before = load_pack(pack_dir).content_hash
    assert load_pack(pack_dir).content_hash == before
    _edit(pack_dir, "out_of_scope.txt", "a poem", "a song")
    assert load_pack(pack_dir).content_hash != before


def test_the_words_for_where_an_answer_comes_from(pack_dir: Path) -> None:
    plain = load_pack(pack_dir)
    page = pack_dir / "page.toml"
    page.write_text('[sources]\nbread = "our bread list"\n')
    told = load_pack(pack_dir)
    assert (plain.sources, told.sources) == ({}, {"bread": "our bread list"})
    assert told.content_hash == plain.content_hash, "nothing is learnt from them"
    page.write_text('[sources]\nbreed = "our bread list"\n')
    with pytest.raises(PackError, match=r"page.toml:2: unknown key 'breed'. Did you mean 'bread'\?"):
        load_pack(pack_dir)


def test_calibration_is_read(pack_dir: Path) -> None:
    rows = [
        {"text": "when do you open tomorrow", "category": "hours", "facts": ["hours.week"], "note": "ignored"},
        {"text": "sing", "category": None, "facts": []},
    ]
    text = "\n\n".join(json.dumps(row) for row in rows)
    (pack_dir / "calibration.jsonl").write_text(text, encoding="utf-8")
    assert load_pack(pack_dir).calibration == (
        Labelled("when do you open tomorrow", "hours", ("hours.week",)),
        Labelled("sing", None, ()),
    )


def test_the_second_shipped_pack_answers_its_held_out_questions_here(cache_dir: Path, encoder: Encoder) -> None:
    router = Router.open(PIP, cache_dir)
    assert router.encoder.fingerprint == encoder.fingerprint  # the pack has no encoder of its own
    rows = [json.loads(line) for line in (PIP / "eval/identity.jsonl").read_text(encoding="utf-8").splitlines()]
    made = [router.decide(row["text"]) for row in rows]
    here = [one.route is Route.LOCAL for one in made]
    right = [[fact.id for fact in one.facts[:1]] == row["facts"] for row, one in zip(rows, made, strict=True)]
    assert (len(rows), sum(here) >= 46, sum(right) >= 44) == (50, True, True)
    assert router.decide("who won the football yesterday").route is Route.ABSTAIN


BREAD, HOURS = "categories/bread.toml", "categories/hours.toml"

MALFORMED = [
    ("pack.toml", 'name = "small"', 'name = "small', 1, "not valid TOML"),
    ("pack.toml", 'contact = "call us"\n', 'contact = """call us\n', 5, "not valid TOML"),
    ("pack.toml", "persona", "personna", 3, "unknown key 'personna'. Did you mean 'persona'?"),
    ("pack.toml", "persona", "zzz", 3, "unknown key 'zzz'. Use one of: name"),
    ("pack.toml", 'contact = "call us"', "", 1, "'contact' is missing"),
    ("pack.toml", '"Small"', "7", 2, "'title' is 7. It must be a string"),
    ("pack.toml", '"Small"', '" "', 2, "'title' is empty"),
    ("pack.toml", 'title = "Small"', 'title = "S"\nstarters = ["a", 3]', 3, "'starters' holds 3"),
    ("pack.toml", 'title = "Small"', 'title = "S"\nmodels = "x"', 3, "'models' is 'x'. It must be a table"),
    ("pack.toml", '"call us"\n', '"call us"\n[defaults]\nfact_threshold = 2\n', 6, "'fact_threshold' is 2"),
    ("pack.toml", '"call us"\n', '"call us"\n[models]\nlocal = "x"\n', 6, "unknown key 'local'"),
    (BREAD, 'key = "bread"', 'key = "hours"', 13, "fact 'bread.baked' is not named after 'hours'"),
    (BREAD, "bread.baked", "baked", 13, "fact 'baked' is not named after 'bread'"),
    (BREAD, "bread.baked", "bread.", 13, "fact 'bread.' is not named after 'bread'"),
    (BREAD, '  "rye bread?",\n', "", 4, "category 'bread' has 4 examples"),
    (BREAD, "sourdough", "Rye bread", 4, "category 'bread' has 4 different examples"),
    (BREAD, "questions =", "verbatim = 1\nquestions =", 15, "'verbatim' is 1. It must be true or false"),
    (BREAD, "questions =", "free = 1\nquestions =", 15, "'free' is 1. It must be true or false"),
    (BREAD, "questions =", "free = true\nverbatim = true\nquestions =", 15, "'bread.baked' is both verbatim and free"),
    (BREAD, "questions =", "verbatim = true\nfree = true\nquestions =", 16, "'bread.baked' is both verbatim and free"),
    (BREAD, "[[facts]]", "[[fact]]", 12, "unknown key 'fact'. Did you mean 'facts'?"),
    (BREAD, "questions = [", "questions = [] #", 13, "fact 'bread.baked' has no questions"),
    (BREAD, "questions =", "question =", 15, "unknown key 'question'"),
    (BREAD, '"is it fresh today"', "5", 15, "'questions' holds 5"),
    (BREAD, "sourdough", "Sunday?", 6, "'sunday?' stands under 'bread' and under 'hours'"),
    (BREAD, "sourdough", "write a POEM", 2, "'write a poem' stands under 'bread' and under 'out_of_scope'"),
    (HOURS, "hours.sunday", "hours.week", 18, "fact 'hours.week' exists twice"),
    (HOURS, "examples = [", "examples = 5 # [", 5, "not valid TOML"),
    (HOURS, 'title = "Hours"', 'title = "Hours"\n[routing]\nthreshold = "x"\n', 6, "'description' is missing"),
    ("out_of_scope.txt", "# not ours", "\nopen late", 2, "'open late' stands under 'hours' and under 'out_of_scope'"),
]


@pytest.mark.parametrize(("name", "old", "new", "line", "what"), MALFORMED)
def test_malformed(pack_dir: Path, name: str, old: str, new: str, line: int, what: str) -> None:
    _edit(pack_dir, name, old, new)
    with pytest.raises(PackError) as caught:
        load_pack(pack_dir)
    assert what in str(caught.value)
    assert caught.value.hint
    if "stands under" not in what:
        assert caught.value.what.startswith(f"{pack_dir / name}:{line}: ")


def test_one_example_in_two_categories_names_the_second_place(pack_dir: Path) -> None:
    _edit(pack_dir, HOURS, "closing time", "rye bread?")
    with pytest.raises(PackError, match=r"hours.toml:7: 'rye bread\?' stands under 'bread' and under 'hours'"):
        load_pack(pack_dir)


def test_a_threshold_out_of_range(pack_dir: Path) -> None:
    with (pack_dir / BREAD).open("a") as file:
        file.write("\n[routing]\nthreshold = true\n")
    with pytest.raises(PackError, match=r"bread.toml:18: 'threshold' is True"):
        load_pack(pack_dir)


def test_no_facts(pack_dir: Path) -> None:
    text = (pack_dir / BREAD).read_text()
    (pack_dir / BREAD).write_text(text[: text.index("[[facts]]")])
    with pytest.raises(PackError, match=r"bread.toml:1: category 'bread' has no facts"):
        load_pack(pack_dir)


def test_facts_that_are_not_tables(pack_dir: Path) -> None:
    text = (pack_dir / BREAD).read_text()
    (pack_dir / BREAD).write_text(text[: text.index("[[facts]]")] + "facts = [1]\n")
    with pytest.raises(PackError, match=r"bread.toml:12: 'facts' is not an array of tables"):
        load_pack(pack_dir)


def test_two_files_with_one_key(pack_dir: Path) -> None:
    (pack_dir / "categories/again.toml").write_text((pack_dir / BREAD).read_text())
    with pytest.raises(PackError, match=r"bread.toml:1: category 'bread' exists twice"):
        load_pack(pack_dir)


def test_a_single_category(pack_dir: Path) -> None:
    (pack_dir / HOURS).unlink()
    with pytest.raises(PackError, match=r"bread.toml:1: the only category"):
        load_pack(pack_dir)


def test_no_categories(pack_dir: Path) -> None:
    (pack_dir / HOURS).unlink()
    (pack_dir / BREAD).unlink()
    with pytest.raises(PackError, match="no category file"):
        load_pack(pack_dir)


@pytest.mark.parametrize("name", ["pack.toml", "out_of_scope.txt"])
def test_a_missing_file(pack_dir: Path, name: str) -> None:
    (pack_dir / name).unlink()
    with pytest.raises(PackError, match=rf"{name}: cannot be read \(No such file"):
        load_pack(pack_dir)


def test_a_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(PackError, match="nowhere: no such folder"):
        load_pack(tmp_path / "nowhere")


@pytest.mark.parametrize("name", ["pack.toml", "out_of_scope.txt", BREAD])
def test_not_utf8(pack_dir: Path, name: str) -> None:
    path = pack_dir / name
    path.write_bytes(path.read_bytes() + b"# \xff\n")
    line = path.read_bytes().count(b"\n")
    with pytest.raises(PackError, match=rf"{name}:{line}: not UTF-8"):
        load_pack(pack_dir)


@pytest.mark.parametrize("text", ["", "# only a comment\n\n"])
def test_an_empty_edge_file(pack_dir: Path, text: str) -> None:
    (pack_dir / "out_of_scope.txt").write_text(text)
    with pytest.raises(PackError, match=r"out_of_scope.txt:1: no messages"):
        load_pack(pack_dir)


@pytest.mark.parametrize(
    ("row", "what"),
    [
        ("{", "not JSON"),
        ("[1]", "not an object"),
        ('{"text": "", "category": null}', "'text' is ''"),
        ('{"category": null}', "'text' is None"),
        ('{"text": "a", "category": "cake"}', "unknown category 'cake'"),
        ('{"text": "a", "category": ["bread"]}', r"unknown category \['bread'\]"),
        ('{"text": "a", "category": "bread", "facts": "x"}', "'facts' is 'x'"),
        ('{"text": "a", "category": "bread", "facts": ["bread.no"]}', "unknown fact 'bread.no'"),
        ('{"text": "a", "category": "bread", "facts": [{}]}', "unknown fact {}"),
    ],
)
def test_malformed_calibration(pack_dir: Path, row: str, what: str) -> None:
    good = '{"text": "a", "category": null, "facts": []}'
    (pack_dir / "calibration.jsonl").write_text(f"{good}\n\n{row}\n")
    with pytest.raises(PackError, match=rf"calibration.jsonl:3: {what}"):
        load_pack(pack_dir)


def test_a_title_names_one_fact(pack_dir: Path) -> None:
    _edit(pack_dir, "categories/hours.toml", 'id = "hours.week"\n', 'id = "hours.week"\ntitle = "When we are open"\n')
    assert [fact.title for fact in load_pack(pack_dir).facts] == ["", "When we are open", ""]
    _edit(pack_dir, "categories/bread.toml", 'id = "bread.baked"\n', 'id = "bread.baked"\ntitle = "when we are OPEN"\n')
    with pytest.raises(PackError, match=r"'hours\.week' has the title of 'bread\.baked'"):
        load_pack(pack_dir)


def test_every_fact_of_the_shipped_pack_can_be_offered() -> None:
    facts = load_pack(SUPPORT).facts
    assert [fact.id for fact in facts if not fact.title] == ["courtesy.hello", "courtesy.thanks"]
    assert all(3 <= len(fact.title.split()) <= 8 for fact in facts if fact.title)
