"""Reads a streamed chat completion, where somebody here needs its text rather than its bytes."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Any

from modelops.errors import ModelOpsError, Unavailable
from modelops_server.endpoints.gateway.gateway import Reply, error_of
from modelops_server.endpoints.refusals import EngineRefused, TooManyRequests, broken_off

_DATA, _END = b"data:", b"[DONE]"


async def chunks(reply: Reply) -> AsyncIterator[dict[str, Any]]:
    """The chunks of a streamed completion; raises what the engine says is wrong, and ``Unavailable`` when it ends."""
    if reply.status != HTTPStatus.OK or not reply.is_stream:
        raise _refusal(reply.status, await reply.whole())
    rest = b""
    async for piece in reply.pieces():
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            if not line.startswith(_DATA):
                continue
            data = line.removeprefix(_DATA).strip()
            if data == _END:
                return
            chunk: dict[str, Any] = json.loads(data)
            if "error" in chunk:
                raise _refusal(HTTPStatus.SERVICE_UNAVAILABLE, data)
            yield chunk
    raise broken_off()


def _refusal(status: int, content: bytes) -> ModelOpsError:
    said = error_of(content)
    code, message = str(said["code"] or said["type"]), str(said["message"])
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return TooManyRequests(code, message, "Ask again later.", 5)
    # What an engine thinks of our key is not the client's affair.
    ours = status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}
    if HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR and not ours:
        return EngineRefused(code, message)
    return Unavailable(code, message, "Ask again in a few seconds.")
