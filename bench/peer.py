"""semantic-router with the same encoder, for comparison; run by a Python that has it installed.

    python peer.py ENCODER_FOLDER TASK.json

The task names the routes with their utterances, the messages and which of them are in scope. Not imported by the
product: `bench.router` makes an environment for it and starts it as a process.
"""

import json
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parents[1]


def main() -> None:
    """Print one JSON object: seconds to build, and for each message the route, its score and the milliseconds."""
    sys.path[0] = str(HERE)  # in place of this folder, whose router.py is not the package
    from semantic_router import Route  # type: ignore[import-not-found]
    from semantic_router.encoders.base import DenseEncoder  # type: ignore[import-not-found]
    from semantic_router.routers import IndexedRouter  # type: ignore[import-not-found]

    from router.encoder.onnx import CARD, ONNX, TOKENIZER, OnnxSession

    folder, task = Path(sys.argv[1]), json.loads(Path(sys.argv[2]).read_text(encoding="utf-8"))
    card = json.loads((folder / CARD).read_text(encoding="utf-8"))
    session = OnnxSession(folder / ONNX, folder / TOKENIZER, card["max_tokens"], card["pooling"])

    class Same(DenseEncoder):  # type: ignore[misc]
        name: str = "same"

        def __call__(self, docs: list[str]) -> list[list[float]]:
            return [session.run(text).tolist() for text in docs]

    began = time.perf_counter()
    routes = [Route(name=name, utterances=texts) for name, texts in task["routes"].items()]
    router = IndexedRouter(encoder=Same(), routes=routes)
    built_s = time.perf_counter() - began
    answers = []
    for text in task["messages"]:
        began = time.perf_counter()
        choice = router(text)
        took_ms = (time.perf_counter() - began) * 1000
        answers.append({"route": choice.name, "score": _score(choice), "ms": took_ms})
    sys.stdout.write(json.dumps({"build_s": built_s, "answers": answers}))


def _score(choice: object) -> float:
    for name in ("confidence", "similarity_score", "score"):
        value = getattr(choice, name, None)
        if value is not None:
            return float(value)
    return 0.0


if __name__ == "__main__":
    main()
