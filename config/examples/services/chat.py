#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A WebSocket service: everybody in a room hears what is said there.

    config/examples/services/chat.py 9003

Connect to /chat/{room}. "/bye" is answered by closing with the code 4001. Plain requests get 426.
"""
import asyncio
import collections
import sys

import websockets

ROOMS = collections.defaultdict(set)


async def chat(socket):
    room = ROOMS[socket.path]
    room.add(socket)
    try:
        async for message in socket:
            if message == "/bye":
                await socket.close(4001, "good bye")
                return
            for other in list(room):
                await other.send(message)
    except websockets.ConnectionClosed:
        pass
    finally:
        room.discard(socket)


async def main():
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 9003
    async with websockets.serve(chat, "127.0.0.1", port, max_size=64 << 20) as server:
        print(f"listening on http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
        await asyncio.Future()


if __name__ == "__main__":
    asyncio.run(main())
