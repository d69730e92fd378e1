"""One Starlette route that answers constant JSON, under uvicorn as users start it, with httptools:
`python -m bench.bare SIZE`, where SIZE is how many streams the answer lists, 0 for one stream by itself."""

from __future__ import annotations

import socket
import sys

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from bench.traffic import page, stream


def app(size: int) -> Starlette:
    value = page(size) if size else stream(1)

    async def constant(request: Request) -> JSONResponse:  # noqa: ARG001 - what Starlette calls
        return JSONResponse(value)

    return Starlette(routes=[Route("/{rest:path}", constant, methods=["GET", "POST"])])


def main(size: int) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    # A socket that says TCP, for which asyncio switches Nagle's algorithm off: the reference server has one too.
    tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, fileno=listener.detach())
    tcp.listen(2048)
    print(f"http://127.0.0.1:{tcp.getsockname()[1]}", flush=True)
    config = uvicorn.Config(app(size), log_level="error", access_log=False, lifespan="off", http="httptools")
    config.server_header = config.date_header = False
    uvicorn.Server(config).run(sockets=[tcp])


if __name__ == "__main__":
    main(int(sys.argv[1]))
