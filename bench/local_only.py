"""Does anything leave in local-only mode? A few hundred mixed messages, with a cloud set and someone listening there.

    python -m bench.local_only [--messages 300] [--json]

The product runs with `FIRSTLINE_MODE=local-only`, a cloud key, and a cloud address at which this program listens and
counts. The messages are the pack's held-out ones, a third of them out-of-scope messages.
"""

import argparse
import asyncio
import json
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from socket import create_server, socket
from typing import Any

from bench.client import Client, say
from bench.processes import Served, firstline, get_json

MESSAGES = Path("packs/support/eval/messages.jsonl")
A_CONVERSATION = 10


class Listener:
    """A port that counts who connects to it."""

    def __init__(self, server: socket) -> None:
        self.port: int = server.getsockname()[1]
        self.connections = 0
        self._server = server

    def listen(self) -> None:
        """Count until the server is closed."""
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            self.connections += 1
            connection.close()


@contextmanager
def listening() -> Iterator[Listener]:
    """A listener on loopback, in a thread of its own."""
    with create_server(("127.0.0.1", 0)) as server:
        listener = Listener(server)
        thread = threading.Thread(target=listener.listen, daemon=True)
        thread.start()
        yield listener
        server.shutdown(2)
    thread.join(5)


async def converse(product: Served, messages: list[str]) -> Counter[str]:
    """Send the messages, ten a conversation, and count how they ended."""
    client = Client(product.url)
    ends: Counter[str] = Counter()
    for start in range(0, len(messages), A_CONVERSATION):
        async with client.socket(client.create()) as chat:
            for text in messages[start : start + A_CONVERSATION]:
                end = (await say(chat, text))[-1]
                ends[f"{end['type']} {end.get('route', end.get('code'))}"] += 1
    client.close()
    return ends


def mixed_messages(count: int) -> list[str]:
    """So many of the pack's held-out messages, in their order."""
    texts = [json.loads(line)["text"] for line in MESSAGES.read_text().splitlines()]
    return (texts * (count // len(texts) + 1))[:count]


def measure(data_dir: Path, count: int) -> dict[str, Any]:
    """Connections that reached the cloud's address, how the messages ended, and which fences stood."""
    messages = mixed_messages(count)
    with listening() as listener:
        cloud = f"http://127.0.0.1:{listener.port}/v1"
        with firstline(data_dir, mode="local-only", cloud_base_url=cloud, cloud_api_key="sk-loopback") as product:
            ends = asyncio.run(converse(product, messages))
            health = get_json(f"{product.url}/healthz")
    return {
        "messages": len(messages),
        "connections_to_the_cloud": listener.connections,
        "ends": dict(ends),
        "cloud": health["cloud"],
        "fences": health["fences"],
    }


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=300)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--data-dir", type=Path, default=Path(tempfile.gettempdir()) / "firstline-bench")
    options = parser.parse_args()
    report = measure(options.data_dir, options.messages)
    if options.json:
        print(json.dumps(report))
        return
    for name, value in report.items():
        print(f"{name}: {value}")


if __name__ == "__main__":
    main()
