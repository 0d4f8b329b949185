"""transformers' Trainer under the settings of a recipe: LoRA, loss on answers, checkpoints, early stop."""

import contextlib
import ctypes
import json
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from finetune.training.batches import collate, mean_loss
from finetune.training.examples import Example
from finetune.training.recipe import Keep, Precision, Recipe, Schedule
from finetune.workspace import CHECKPOINTS, TENSORBOARD

LOG_EVERY = 10
"""Steps, of a long run."""
LEAST_LOGS = 40
"""Training losses of a run, if it has so many steps: fewer draw no curve."""
TRIM_EVERY = 5  # steps: batches of ever new sizes leave holes in the heap, 9 GB of them in an hour
_SCHEDULES = {Schedule.COSINE: "cosine", Schedule.LINEAR: "linear", Schedule.CONSTANT: "constant_with_warmup"}

Report = Callable[[dict[str, Any]], None]
"""Told of each measurement: step, epoch and the figures of it, by the names that the Trainer gives them."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How training ended: the step whose weights were kept, the last one, and for how long it ran in this process."""

    kept_step: int
    last_step: int
    seconds: float
    early: bool


def resolve(precision: Precision) -> Precision:
    """What AUTO means here: bf16 where the processor or GPU multiplies it, fp16 on an older GPU, else fp32."""
    import torch

    if precision is not Precision.AUTO:
        return precision
    if torch.cuda.is_available():
        return Precision.BF16 if torch.cuda.is_bf16_supported() else Precision.FP16
    fast = torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported()
    return Precision.BF16 if fast else Precision.FP32


def adapted(model: Any, recipe: Recipe) -> Any:
    """The model with a fresh LoRA over its linear layers (`recipe.targets`), everything else frozen."""
    import torch
    from peft import LoraConfig, get_peft_model

    targets = recipe.targets if recipe.targets == "all-linear" else recipe.targets.replace(" ", "").split(",")
    torch.manual_seed(recipe.seed)
    config = LoraConfig(
        r=recipe.rank,
        lora_alpha=recipe.alpha,
        lora_dropout=recipe.dropout,
        target_modules=targets,
        task_type="CAUSAL_LM",
    )
    model.name_or_path = ""  # else PEFT looks for a config.json beside the GGUF at every save, and warns
    return get_peft_model(model, config)


def learn(
    model: Any,
    examples: Sequence[Example],
    held_out: Sequence[Example],
    recipe: Recipe,
    folder: Path,
    report: Report,
) -> Ended:
    """Train `model` (from `adapted`), and leave it with the weights of its best held-out loss, or the last
    (`recipe.keep`).

    Checkpoints are in `<folder>/checkpoints`; training continues from a whole one that is found there. What the Trainer
    raises passes through.
    """
    trainer = _trainer(model, examples, held_out, recipe, folder, report)
    latest = last_whole(folder / CHECKPOINTS)
    if latest is None:
        trainer.evaluate()  # the untouched model's loss, which the others are read against
    began = time.monotonic()
    trainer.train(resume_from_checkpoint=str(latest) if latest else None)
    state = trainer.state
    best = Path(state.best_model_checkpoint).name.rpartition("-")[2] if state.best_model_checkpoint else ""
    kept = int(best) if best and recipe.keep is Keep.BEST else state.global_step
    return Ended(kept, state.global_step, time.monotonic() - began, state.global_step < state.max_steps)


def give_back_memory() -> None:
    """Let glibc return unused heap to the system; does nothing elsewhere."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL("libc.so.6").malloc_trim(0)


def last_whole(folder: Path) -> Path | None:
    """The newest complete checkpoint: the Trainer writes `trainer_state.json` last."""
    found = [path.parent for path in folder.glob("checkpoint-*/trainer_state.json") if _is_whole(path)]
    return max(found, key=lambda path: int(path.name.rpartition("-")[2]), default=None)


def _is_whole(state: Path) -> bool:
    try:
        return bool(json.loads(state.read_text(encoding="utf-8")))
    except ValueError:
        return False


def steps_of(examples: int, recipe: Recipe) -> int:
    """Optimiser steps of the whole run."""
    return max(1, math.ceil(_an_epoch(examples, recipe) * recipe.epochs))


def _an_epoch(examples: int, recipe: Recipe) -> int:
    return max(1, math.ceil(math.ceil(examples / recipe.batch) / recipe.accumulation))


def _trainer(
    model: Any, examples: Sequence[Example], held_out: Sequence[Example], recipe: Recipe, folder: Path, report: Report
) -> Any:
    from torch.utils.data import SequentialSampler
    from transformers import ProgressCallback, Trainer

    order = _Order([len(example.tokens) for example in examples], recipe)

    class OnAnswers(Trainer):
        """Loss on the assistant's tokens, with logits computed only there; the same order whenever a run is resumed."""

        def _get_train_sampler(self, train_dataset: Any = None) -> Any:  # noqa: ARG002
            return order

        def _get_eval_sampler(self, eval_dataset: Any) -> Any:
            return SequentialSampler(eval_dataset)

        def compute_loss(
            self, model: Any, inputs: Any, return_outputs: bool = False, num_items_in_batch: Any = None
        ) -> Any:
            loss = mean_loss(model, inputs, num_items_in_batch)
            return (loss, {}) if return_outputs else loss

    class Bar(ProgressCallback):
        """The bar with the time left, without a line of raw figures for each measurement."""

        def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
            pass

    trainer = OnAnswers(
        model=model,
        args=_arguments(len(examples), recipe, folder),
        data_collator=lambda rows: collate([row["example"] for row in rows]),
        train_dataset=_Rows(examples),
        eval_dataset=_Rows(sorted(held_out, key=lambda example: len(example.tokens))),
        callbacks=_callbacks(order, recipe, report),
    )
    if trainer.pop_callback(ProgressCallback):
        trainer.add_callback(Bar())
    trainer.model_accepts_loss_kwargs = True  # `mean_loss` divides by the tokens of the whole step itself
    return trainer


def _callbacks(order: "_Order", recipe: Recipe, report: Report) -> list[Any]:
    from transformers import EarlyStoppingCallback, TrainerCallback

    class Reporting(TrainerCallback):
        """Reports every measurement, returns unused memory, and tells the order which epoch it is."""

        def on_epoch_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ARG002
            order.epoch = int((state.epoch or 0.0) + 1e-6)

        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ARG002
            if state.global_step % TRIM_EVERY == 0:
                give_back_memory()

        def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:  # noqa: ARG002
            if "loss" in logs or "eval_loss" in logs:
                report({"step": state.global_step, "steps": state.max_steps, "epoch": state.epoch or 0.0, **logs})

    stop = [EarlyStoppingCallback(early_stopping_patience=recipe.patience)] if recipe.keep is Keep.BEST else []
    return [Reporting(), *stop]


def _arguments(examples: int, recipe: Recipe, folder: Path) -> Any:
    import torch
    from transformers import TrainingArguments

    every = max(1, _an_epoch(examples, recipe) // recipe.measurements)
    precision, steps = resolve(recipe.precision), steps_of(examples, recipe)
    return TrainingArguments(
        output_dir=str(folder / CHECKPOINTS),
        max_steps=steps,
        per_device_train_batch_size=recipe.batch,
        per_device_eval_batch_size=recipe.batch,
        gradient_accumulation_steps=recipe.accumulation,
        learning_rate=recipe.learning_rate,
        lr_scheduler_type=_SCHEDULES[recipe.schedule],
        warmup_ratio=recipe.warmup,
        weight_decay=recipe.weight_decay,
        max_grad_norm=1.0,
        bf16=precision is Precision.BF16,
        fp16=precision is Precision.FP16,
        use_cpu=not torch.cuda.is_available(),
        seed=recipe.seed,
        data_seed=recipe.seed,
        restore_callback_states_from_checkpoint=True,
        remove_unused_columns=False,
        label_names=["labels"],
        prediction_loss_only=True,
        eval_strategy="steps",
        eval_steps=every,
        save_strategy="steps",
        save_steps=every,
        save_total_limit=2,
        load_best_model_at_end=recipe.keep is Keep.BEST,
        metric_for_best_model="eval_loss",
        greater_is_better=False,
        logging_steps=max(1, min(LOG_EVERY, steps // LEAST_LOGS)),
        logging_nan_inf_filter=False,
        logging_dir=str(folder / TENSORBOARD),
        report_to=["tensorboard"],
        dataloader_pin_memory=False,
        dataloader_num_workers=0,
    )


class _Order:
    """The order of the examples by index, those of similar length together: different in each `epoch`, the same for a
    seed.
    """

    def __init__(self, lengths: Sequence[int], recipe: Recipe) -> None:
        self._lengths, self._step, self._seed = list(lengths), recipe.batch * recipe.accumulation, recipe.seed
        self.epoch = 0

    def __len__(self) -> int:
        return len(self._lengths)

    def __iter__(self) -> Iterator[int]:
        import torch
        from transformers.trainer_pt_utils import LengthGroupedSampler

        drawn = torch.Generator().manual_seed(self._seed * 1000 + self.epoch)
        yield from LengthGroupedSampler(self._step, lengths=self._lengths, generator=drawn)


class _Rows:
    """Examples as the Trainer takes them: a dict each, whose `input_ids` tell the length."""

    def __init__(self, examples: Sequence[Example]) -> None:
        self._examples = examples

    def __len__(self) -> int:
        return len(self._examples)

    def __getitem__(self, row: int) -> dict[str, Any]:
        example = self._examples[row]
        return {"input_ids": example.tokens, "example": example}
