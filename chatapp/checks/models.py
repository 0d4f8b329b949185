"""The pack, the encoder, the router, and one answer of each model that serves."""

import asyncio
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from chatapp.checks.check import Check, Patient
from router.types import Mode

if TYPE_CHECKING:
    from engine import Engine

QUESTION = "Reply with the one word: hello"


def pack(patient: Patient) -> Check:
    """The domain pack's files."""
    from chatapp.paths import pack_folder
    from router.pack.load import load_pack

    loaded = load_pack(pack_folder(patient.settings.pack))
    detail = f"{loaded.name!r}: {len(loaded.categories)} categories, {len(loaded.facts)} facts"
    if loaded.rules is None:
        why = f"no rules for its language {loaded.language!r}: answers are its facts, word for word"
        return Check("note", "pack", f"{detail}; {why}", "See docs/languages.md for what else does without.")
    return Check("ok", "pack", detail)


def encoder(patient: Patient) -> Check:
    """The pinned weights, their export, and one message through it."""
    from chatapp.paths import pack_folder
    from router.encoder.encoder import Encoder
    from router.pack.load import load_pack

    own = load_pack(pack_folder(patient.settings.pack))
    loaded = Encoder.load(patient.settings.data_dir / "router", own.encoder, own.adapter)
    loaded.encode_one("warm up")
    began = time.perf_counter()
    size = loaded.encode_one("Where is my parcel?").shape[0]
    return Check("ok", "encoder", f"{size} dimensions, {(time.perf_counter() - began) * 1000:.1f} ms a message")


def safety(patient: Patient) -> Check:
    """Whether messages of danger are told, and whose emergency numbers are given."""
    from chatapp.paths import pack_folder
    from router.pack.load import load_pack
    from router.pack.safety import SAFETY_REMEDY, UNSAFE
    from router.training.safety import open_danger

    own = load_pack(pack_folder(patient.settings.pack))
    danger = open_danger(own, patient.settings.data_dir / "router")
    if danger is None or own.safety is None:
        return Check("note", "safety", f"the pack {own.name!r} {UNSAFE}", SAFETY_REMEDY)
    kinds = ", ".join(kind.key.replace("_", " ") for kind in own.safety.kinds)
    return Check("ok", "safety", f"told before routing: {kinds}; contacts of {own.safety.country}")


def router(patient: Patient) -> Check:
    """The trained artefacts, the policy file if one is named, and one decision."""
    from chatapp.assembly.open_router import open_router
    from router.types import Circumstances

    opened = open_router(patient.settings)
    decision = opened.decide("Where is my parcel?", (), Circumstances(patient.settings.mode))
    return Check("ok", "router", f"policy {decision.policy}, {decision.elapsed_ms:.1f} ms a decision")


def local_model(patient: Patient) -> Check:
    """The pinned file, loaded, and some words of it: with a system message, and with the adapter that serves. Where
    servers stand in for it, some words of each.
    """
    if patient.settings.local_servers:
        from chatapp.checks.local_servers import local_server_check

        return local_server_check(patient)
    from chatapp.assembly.active_release import Server
    from chatapp.assembly.open_router import open_router
    from chatapp.backends.base import ChatMessage, Request
    from chatapp.backends.local.backend import LocalBackend

    settings = patient.settings

    async def first_words() -> tuple[str, str, float, str]:
        backend, said, first_ms = LocalBackend(settings), "", 0.0
        try:
            await asyncio.to_thread(backend.load)
            opened = await asyncio.to_thread(open_router, settings)
            serving = (await asyncio.to_thread(Server, settings, opened, backend, lambda *_: None)).now()
            messages = ChatMessage("system", opened.pack.persona), ChatMessage("user", QUESTION)
            began = time.perf_counter()
            async for token in backend.stream(Request(messages, max_tokens=4, adapter=serving.adapter)):
                first_ms = first_ms or (time.perf_counter() - began) * 1000
                said += token.text
            return serving.release, said, first_ms, _how(backend.load())
        finally:
            await backend.aclose()

    release, said, first_ms, how = asyncio.run(first_words())
    name = settings.local_model or "the shipped model"
    if not said.strip():
        remedy = (
            "Check that FIRSTLINE_LOCAL_MODEL is an instruction-tuned model, and that FIRSTLINE_ADAPTER is its own."
        )
        return Check("fail", "local model", f"{name} with release {release!r} says nothing", remedy)
    return Check("ok", "local model", f"{name} with release {release!r}, first token in {first_ms:.0f} ms; {how}")


def _how(engine: "Engine") -> str:
    """How many it answers at once, with what, and whether it drafts."""
    options = engine.options
    drafts = "" if engine.drafts else ", without drafts: this model's memory cannot take back a part"
    return f"{options.streams} answers at once in a cache of {options.cells} tokens{drafts}"


def cloud(patient: Patient) -> Check:
    """One real call as the product makes it, which costs a fraction of a cent; nothing at all in local-only mode."""
    settings = patient.settings
    if settings.mode is Mode.LOCAL_ONLY:
        return Check("note", "cloud", "forbidden in local-only mode, and not tried")
    if not settings.cloud_connected:
        return Check("note", "cloud", "not connected; FIRSTLINE_CLOUD_API_KEY connects one")
    from chatapp.backends.base import ChatMessage, Request
    from chatapp.backends.cloud.backend import CloudBackend

    async def ask() -> tuple[float, int]:
        backend = CloudBackend(settings)
        messages = ChatMessage("system", "You are a help desk."), ChatMessage("user", QUESTION)
        call = backend.stream(Request(messages, settings.cloud_max_tokens, settings.cloud_temperature))
        began, first_ms = time.perf_counter(), 0.0
        try:
            async for _ in call:
                first_ms = first_ms or (time.perf_counter() - began) * 1000
            return first_ms, backend.cost_microusd(call.usage, 0)
        finally:
            await backend.aclose()

    first_ms, microusd = asyncio.run(ask())
    where = urlsplit(settings.cloud_base_url).hostname
    paid = f"this call cost {microusd / 1e6:.6f} US dollars"
    return Check("ok", "cloud", f"{settings.cloud_model!r} at {where} answers, first word in {first_ms:.0f} ms; {paid}")
