"""One OpenAI-compatible server as it is asked: where it is, by which name, and for how long it may take."""

from dataclasses import dataclass, field
from typing import Literal

from pydantic import SecretStr

from chatapp.backends.cloud.attempts import RETRIES
from chatapp.settings import Settings

DIRECT = "none"
"""A `proxy` that means the direct way."""


@dataclass(frozen=True, slots=True)
class ModelServer:
    """`route` is what it serves: the cloud, or local answers. An empty `key` sends none; `proxy` is a URL, DIRECT, or
    empty for what the environment names. Times are in seconds, `context_tokens` is the longest prompt plus answer.

    `retries` is how often a call that failed is sent to it again, `logprobs` whether it is asked for the probabilities
    of its tokens.
    """

    route: Literal["cloud", "local"]
    base_url: str = field(repr=False)
    key: SecretStr
    model: str
    context_tokens: int
    connect_timeout_s: float
    first_token_timeout_s: float
    stall_timeout_s: float
    total_timeout_s: float
    proxy: str = field(default=DIRECT, repr=False)
    retries: int = 0
    logprobs: bool = False

    def hint(self, text: str) -> str:
        """`text` with the settings of this server: `{at}` is how they begin, `{model}` the one that names its model."""
        at = f"FIRSTLINE_{self.route.upper()}"
        return text.format(at=at, model=f"{at}_MODEL" if self.route == "cloud" else f"{at}_SERVER_MODEL")


def cloud_server(settings: Settings) -> ModelServer:
    """The cloud of FIRSTLINE_CLOUD_*."""
    return ModelServer(
        "cloud",
        settings.cloud_base_url,
        settings.cloud_api_key,
        settings.cloud_model,
        settings.cloud_context_tokens,
        settings.cloud_connect_timeout_s,
        settings.cloud_first_token_timeout_s,
        settings.cloud_stall_timeout_s,
        settings.cloud_total_timeout_s,
        settings.cloud_proxy,
        RETRIES,
    )


def local_servers(settings: Settings) -> tuple[ModelServer, ...]:
    """Those of FIRSTLINE_LOCAL_BASE_URL, asked directly and once: what one cannot answer, the next one is asked."""
    return tuple(
        ModelServer(
            "local",
            url,
            settings.local_api_key,
            settings.local_server_model,
            settings.local_context_tokens,
            settings.local_connect_timeout_s,
            settings.local_first_token_timeout_s,
            settings.local_stall_timeout_s,
            settings.local_total_timeout_s,
            logprobs=True,
        )
        for url in settings.local_servers
    )
