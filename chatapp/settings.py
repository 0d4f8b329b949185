"""Every setting of the product: read from the environment with the prefix `FIRSTLINE_`, checked at start.

The tables of `docs/settings.md` are made from these fields; a test fails when a field has no description.
"""

import difflib
import logging
import os
import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from chatapp.addresses.local_servers import read_hosts, read_servers, strangers
from chatapp.addresses.origin import read_origins
from chatapp.addresses.proxies import Proxies
from chatapp.addresses.server_address import checked_server
from chatapp.environment import at_home, cleaned, default_data_dir, of_kubernetes
from chatapp.errors import SettingError
from localmodel.prompt import FORMS, GROUNDED
from router.types import Mode

log = logging.getLogger(__name__)

PREFIX = "FIRSTLINE_"

OWN_ADDRESSES = frozenset({"api", "c", "conversations", "healthz", "ops", "static", "turns", "vendor", "ws"})
"""How our own addresses begin: a root path that begins so could not be told from them where a proxy strips it."""

Seconds = Annotated[float, Field(gt=0, le=3600)]
Tokens = Annotated[int, Field(ge=64, le=1_000_000)]
Dollars = Annotated[float, Field(ge=0, allow_inf_nan=False)]

_POSTGRES = re.compile(r"^postgres(?:ql)?://")
_PATH_PART = re.compile(r"[A-Za-z0-9._~-]+")


class Settings(BaseSettings):
    """One frozen object, built once by the command line and handed down."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, frozen=True, env_ignore_empty=True, extra="forbid", hide_input_in_errors=True
    )

    mode: Mode = Field(Mode.HYBRID, description="`hybrid`, or `local-only`: nothing leaves this machine.")
    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8000, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    root_path: str = Field(
        "", description="Path of the site that the product is served under, such as `/chat`; empty: the whole site."
    )
    allowed_origins: str = Field(
        "",
        description="Further origins whose pages may connect, by comma, such as `https://shop.example`; "
        "needed where a proxy hides the host that the browser asked.",
    )
    trusted_proxies: str = Field(
        "127.0.0.1, ::1",
        description="Addresses or networks of proxies whose `X-Forwarded-Host`, `-Proto` and `-For` count, by comma; "
        "`*` any.",
    )
    data_dir: Path = Field(
        default_factory=default_data_dir,
        description="Where the database, the exported encoder, the trained router, fine-tuning runs and releases live.",
    )
    database_url: str = Field("", repr=False, description="SQLAlchemy URL; empty means SQLite in the data folder.")
    pack: str = Field("support", description="Name of a shipped pack, or the path of a pack's folder.")
    policy: str = Field(
        "",
        description="A policy file of `firstline router calibrate`; empty: that of what was promoted, or the pack's.",
    )
    operator_token: SecretStr = Field(
        SecretStr(""),
        description="Opens the operator page; empty makes a new one at each start and prints it.",
    )
    session_secret: SecretStr = Field(
        SecretStr(""), description="Signs the session cookie; empty keeps a random one in the data folder."
    )

    show_machinery: bool = Field(
        False,
        description="Show everybody, not the operator alone, how an answer was made: route, cost, times, models.",
    )

    ask_back: bool = Field(
        True,
        description="Where two or three approved answers may be meant, ask the customer which, with buttons.",
    )

    local_model: str = Field("", description="Path of a GGUF file; empty means the shipped SmolLM2-135M.")
    local_model_sha256: str = Field(
        "", description="Expected SHA-256 of `FIRSTLINE_LOCAL_MODEL`; the shipped model's is pinned."
    )
    adapter: str = Field(
        "",
        description="A LoRA adapter (GGUF) over the local model, or `none`; empty: what was promoted, or the pack's.",
    )
    local_context_tokens: Tokens = Field(2048, description="Context of the local model, prompt and answer, in tokens.")
    local_prompt_tokens: Tokens = Field(1024, description="Budget of one local prompt, in tokens.")
    local_max_tokens: int = Field(160, ge=16, le=8192, description="Longest local answer, in tokens.")
    local_threads: int = Field(
        0,
        ge=0,
        le=256,
        description="Threads of the local model; 0 means as many as processors and the container's CPU quota allow.",
    )
    local_streams: int = Field(8, ge=1, le=128, description="Local answers that are made at once.")
    local_line: int = Field(200, ge=1, le=100_000, description="Local answers that may wait for one of these.")
    local_timeout_s: Seconds = Field(60, description="Longest local answer, the wait included, in seconds.")
    local_cache_tokens: int = Field(
        0,
        ge=0,
        le=10_000_000,
        description="Tokens that running answers may hold together; 0 means 512 a stream, and at least twice the "
        "context.",
    )
    local_warm_mib: int = Field(
        256, ge=0, le=1_000_000, description="Memory for beginnings of prompts that are kept warm, in MiB."
    )
    local_read_ahead: bool = Field(
        True, description="Have the local model read the approved texts while nobody asks, so that they are warm."
    )
    local_batch_tokens: int = Field(256, ge=16, le=8192, description="Longest step of the local model, in tokens.")
    local_draft_tokens: int = Field(
        64, ge=0, le=4096, description="Longest draft that is taken from the fact, in tokens; 0 drafts nothing."
    )
    local_unpack: bool = Field(
        True,
        description="Compute in 8 bits with a model whose own kind (Q4_1) is slow: quicker, for half as much memory "
        "again.",
    )
    local_gpu_layers: int = Field(0, ge=-1, le=1000, description="Layers that a GPU computes; -1 means all.")
    local_flash_attention: Literal["auto", "on", "off"] = Field("auto", description="llama.cpp's flash attention.")
    local_cache_type: Literal["f32", "f16", "bf16", "q8_0", "q4_0"] = Field(
        "f16", description="Type of the local model's keys and values in memory."
    )
    local_temperature: float = Field(0.0, ge=0, le=2, description="Sampling temperature of the local model.")
    local_seed: int = Field(7, ge=0, description="Seed of the local model's sampling.")
    local_hourly_usd: Dollars = Field(
        0.10, description="Price of an hour of this machine, or of one server in its place, for the ledger."
    )

    local_base_url: str = Field(
        "",
        repr=False,
        description="Base URLs of OpenAI-compatible servers, by comma, that answer in place of the model in this "
        "process; empty: that model answers.",
    )
    local_api_key: SecretStr = Field(SecretStr(""), description="The key of those servers; empty: they ask for none.")
    local_server_model: str = Field("", description="Model name as those servers call it.")
    local_server_form: str = Field(
        "",
        description=f"Prompt form that their model was fine-tuned on, such as `{GROUNDED}`; empty: a base model's.",
    )
    local_allowed_hosts: str = Field(
        "",
        description="Hosts, by comma, where those servers may be in local-only mode; on this machine they always may.",
    )
    local_connect_timeout_s: Seconds = Field(2, description="Longest wait for a connection to them, in seconds.")
    local_first_token_timeout_s: Seconds = Field(
        10, description="Longest wait for the first word of one of them, in seconds; then another one is asked."
    )
    local_stall_timeout_s: Seconds = Field(10, description="Longest pause within an answer of theirs, in seconds.")
    local_total_timeout_s: Seconds = Field(60, description="Longest answer of theirs, in seconds.")

    cloud_base_url: str = Field(
        "https://api.openai.com/v1", repr=False, description="Base URL of an OpenAI-compatible server."
    )
    cloud_proxy: str = Field(
        "",
        repr=False,
        description="Proxy to that server, such as `http://proxy:3128`; `none` asks it directly; empty: `HTTPS_PROXY` "
        "and its like, for servers on the internet.",
    )
    cloud_api_key: SecretStr = Field(SecretStr(""), description="Its key; empty means that no cloud is connected.")
    cloud_model: str = Field("gpt-5-mini", description="Model name as that server calls it.")
    cloud_context_tokens: Tokens = Field(16_384, description="Context of the cloud model, in tokens.")
    cloud_prompt_tokens: Tokens = Field(4_000, description="Budget of one cloud prompt, in tokens.")
    cloud_max_tokens: int = Field(800, ge=16, le=32_768, description="Longest cloud answer, in tokens.")
    cloud_temperature: float = Field(0.3, ge=0, le=2, description="Sampling temperature of the cloud model.")
    cloud_connect_timeout_s: Seconds = Field(5, description="Longest wait for a connection, in seconds.")
    cloud_first_token_timeout_s: Seconds = Field(20, description="Longest wait for the first word, in seconds.")
    cloud_stall_timeout_s: Seconds = Field(
        15, description="Longest pause within a cloud answer, in seconds; what came is kept."
    )
    cloud_total_timeout_s: Seconds = Field(90, description="Longest cloud answer, in seconds; what came is kept.")
    cloud_price_input: Dollars = Field(0.25, description="US dollars per million input tokens.")
    cloud_price_cached: Dollars = Field(0.025, description="US dollars per million cached input tokens.")
    cloud_price_output: Dollars = Field(2.00, description="US dollars per million output tokens.")

    answer_threshold: float = Field(
        0.0, ge=0, le=1, description="Least chance of a good local answer (`firstline router learn`); 0 does not ask."
    )

    grace_s: float = Field(
        8, ge=0, le=600, description="How long running answers may take to end when the server is stopped, in seconds."
    )
    message_max_chars: int = Field(8_000, ge=100, le=100_000, description="Longest message, in characters.")

    @model_validator(mode="before")
    @classmethod
    def _clean(cls, values: dict[str, Any]) -> dict[str, Any]:
        """As written, less what stands around it; what is empty then, or of Kubernetes, is not set."""
        clean = {name: cleaned(value) if isinstance(value, str) else value for name, value in values.items()}
        return {
            name: value
            for name, value in clean.items()
            if value != "" and not (isinstance(value, str) and of_kubernetes(f"{PREFIX}{name}".upper(), value))
        }

    @field_validator("data_dir", "pack", "policy", "local_model", "adapter", mode="before")
    @classmethod
    def _home(cls, value: object) -> object:
        return at_home(str(value)) if isinstance(value, str | Path) else value

    @field_validator("data_dir")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.absolute()

    @field_validator("database_url")
    @classmethod
    def _database(cls, value: str) -> str:
        scheme, slashes, path = value.partition(":///")
        if scheme.startswith("sqlite"):
            return f"{scheme}{slashes}{at_home(path)}"
        return _POSTGRES.sub("postgresql+psycopg://", value)

    @field_validator("host")
    @classmethod
    def _bare(cls, value: str) -> str:
        bare = value.removeprefix("[").removesuffix("]")
        return "127.0.0.1" if bare.lower() == "localhost" else bare  # a name would have to be looked up

    @field_validator("cloud_base_url")
    @classmethod
    def _server(cls, value: str) -> str:
        return checked_server(value)

    @field_validator("local_base_url")
    @classmethod
    def _servers(cls, value: str) -> str:
        return ", ".join(read_servers(value))

    @field_validator("local_allowed_hosts")
    @classmethod
    def _hosts(cls, value: str) -> str:
        return ", ".join(sorted(read_hosts(value)))

    @field_validator("local_server_form")
    @classmethod
    def _form(cls, value: str) -> str:
        if value and value not in FORMS:
            forms = " or ".join(repr(form) for form in FORMS)
            raise ValueError(f"{value!r} is no prompt form; it must be {forms}, or empty for a base model")
        return value

    @field_validator("operator_token", "session_secret")
    @classmethod
    def _text(cls, value: SecretStr) -> SecretStr:
        if any("\ud800" <= letter <= "\udfff" for letter in value.get_secret_value()):
            raise ValueError("it holds bytes that are no text in UTF-8")
        return value

    @field_validator("cloud_api_key", "local_api_key")
    @classmethod
    def _header(cls, value: SecretStr) -> SecretStr:
        key = value.get_secret_value()
        if any(not "!" <= letter <= "~" for letter in key):
            raise ValueError("a key is one word of plain letters, digits and signs, and this one is broken by others")
        return value

    @field_validator("allowed_origins")
    @classmethod
    def _origins(cls, value: str) -> str:
        return ", ".join(sorted(map(str, read_origins(value))))

    @field_validator("trusted_proxies")
    @classmethod
    def _proxies(cls, value: str) -> str:
        return ", ".join(Proxies(value).networks)

    @field_validator("root_path")
    @classmethod
    def _below(cls, value: str) -> str:
        parts = [part for part in value.strip().split("/") if part]
        if any(part in {".", ".."} or not _PATH_PART.fullmatch(part) for part in parts):
            raise ValueError(f"{value!r} is no path of plain letters and digits, such as /chat")
        if parts and parts[0] in OWN_ADDRESSES:
            raise ValueError(f"/{parts[0]} is an address of Firstline's own; take another, such as /chat")
        return "".join(f"/{part}" for part in parts)

    @model_validator(mode="after")
    def _budgets(self) -> "Settings":
        for route in ("local", "cloud"):
            context = getattr(self, f"{route}_context_tokens")
            prompt, answer = getattr(self, f"{route}_prompt_tokens"), getattr(self, f"{route}_max_tokens")
            if prompt + answer > context:
                raise ValueError(
                    f"{route}_prompt_tokens ({prompt}) and {route}_max_tokens ({answer}) together exceed "
                    f"{route}_context_tokens ({context})"
                )
        return self

    @model_validator(mode="after")
    def _local_servers(self) -> "Settings":
        if not self.local_servers:
            return self
        if not self.local_server_model:
            raise ValueError(
                "FIRSTLINE_LOCAL_BASE_URL is set, so FIRSTLINE_LOCAL_SERVER_MODEL must be too: "
                "the name by which its server calls the model"
            )
        if self.adapter:
            raise ValueError(
                "FIRSTLINE_ADAPTER is laid over the model in this process, and FIRSTLINE_LOCAL_BASE_URL puts a server "
                "in its place; unset one of them"
            )
        strange = next(strangers(self.local_servers, read_hosts(self.local_allowed_hosts)), None)
        if self.mode is Mode.LOCAL_ONLY and strange is not None:
            raise ValueError(
                f"FIRSTLINE_LOCAL_BASE_URL names {strange!r}; in local-only mode it may name this machine, and hosts "
                "that FIRSTLINE_LOCAL_ALLOWED_HOSTS lists"
            )
        return self

    @property
    def local_servers(self) -> tuple[str, ...]:
        """Base URLs of the servers that answer locally; none where the model in this process does."""
        return read_servers(self.local_base_url)

    @model_validator(mode="after")
    def _cache(self) -> "Settings":
        if self.local_cache_type in ("q8_0", "q4_0") and self.local_flash_attention == "off":
            raise ValueError(
                f"local_cache_type {self.local_cache_type} needs flash attention: leave local_flash_attention at auto, "
                "or take f16"
            )
        return self

    @property
    def cloud_connected(self) -> bool:
        """Whether a cloud model may be asked: hybrid mode and a key."""
        return self.mode is Mode.HYBRID and bool(self.cloud_api_key.get_secret_value())

    def make_data_dir(self) -> Path:
        """The data folder, made if it is not there. Raises SettingError."""
        try:
            self.data_dir.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SettingError(
                f"FIRSTLINE_DATA_DIR is {str(self.data_dir)!r}, which cannot be made: {error.strerror}.",
                "Set it to a folder that this user may write to.",
            ) from None
        return self.data_dir

    @property
    def resolved_database_url(self) -> str:
        """The database's URL, SQLite in the data folder unless set."""
        return self.database_url or f"sqlite:///{self.data_dir / 'firstline.db'}"


def load_settings(**overrides: object) -> Settings:
    """Settings from the environment; `overrides` win. Raises SettingError naming the variable and the remedy."""
    known = {f"{PREFIX}{name}".upper() for name in Settings.model_fields}
    for name, value in os.environ.items():
        if of_kubernetes(name, value):
            log.info("%s is of Kubernetes, and is not read.", name)
        elif name.startswith(PREFIX) and name not in known:
            close = difflib.get_close_matches(name, known, n=1, cutoff=0.8)
            meant = f"Did you mean {close[0]}?" if close else "docs/settings.md lists them all."
            raise SettingError(f"There is no setting {name!r}.", f"{meant} Unset it, or correct its name.")
    try:
        return Settings(**overrides)  # type: ignore[arg-type]
    except ValidationError as error:
        first = error.errors()[0]
        field = str(first["loc"][0]) if first["loc"] else ""
        name = f"{PREFIX}{field.upper()}" if field else "The settings"
        message = first["msg"].removeprefix("Value error, ")
        raise SettingError(f"{name} cannot be used: {message}.", "Correct it and start again.") from None
