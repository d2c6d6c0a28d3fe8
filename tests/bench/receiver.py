"""A receiver of webhooks that costs next to nothing: `python -m tests.bench.receiver PORT`.

Any POST is accepted and its `webhook-id` kept; GET answers how many came and how many of them were different.
"""

from __future__ import annotations

import asyncio
import sys
from collections import Counter

KEYS: Counter[bytes] = Counter()


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer the requests of one connection."""
    while True:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            break
        names = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:] if b": " in line)
        await reader.readexactly(int(names.get(b"content-length", 0)))
        if head.startswith(b"POST"):
            KEYS[names[b"webhook-id"]] += 1
            writer.write(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")
        else:
            words = f"{KEYS.total()} {len(KEYS)}".encode()
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(words), words))
    writer.close()


async def main(port: int) -> None:
    """Serve until the end."""
    server = await asyncio.start_server(serve, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
