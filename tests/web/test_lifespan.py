"""What holds while the application runs."""

import asyncio
import threading

from tests.web.conftest import Site

WRITERS = 20


async def test_writers_that_wait_for_a_lock_keep_no_reader_waiting(site: Site) -> None:
    app, lock = site(), threading.Event()
    async with app.router.lifespan_context(app):
        writers = [asyncio.create_task(asyncio.to_thread(lock.wait, 30)) for _ in range(WRITERS)]
        try:
            assert await asyncio.wait_for(asyncio.to_thread(int), 10) == 0
        finally:
            lock.set()
            await asyncio.gather(*writers)
