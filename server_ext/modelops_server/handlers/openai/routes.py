"""The addresses of the OpenAI API."""

from __future__ import annotations

from tornado.web import HTTPError

from modelops_server.handlers.openai.base import OpenAIHandler, guarded
from modelops_server.handlers.openai.completions import ChatCompletionsHandler, CompletionsHandler, EmbeddingsHandler
from modelops_server.handlers.openai.models import ModelHandler, ModelsHandler

OPENAI = "/modelops/openai/v1"


class UnknownHandler(OpenAIHandler):
    """Any other address."""

    @guarded("read")
    async def get(self) -> None:
        """There is nothing."""
        raise HTTPError(404)

    post = put = patch = delete = head = get


HANDLERS = [
    (f"{OPENAI}/models", ModelsHandler),
    (rf"{OPENAI}/models/(?P<name>.+)", ModelHandler),
    (f"{OPENAI}/chat/completions", ChatCompletionsHandler),
    (f"{OPENAI}/completions", CompletionsHandler),
    (f"{OPENAI}/embeddings", EmbeddingsHandler),
    (rf"{OPENAI}(?:/.*)?", UnknownHandler),
]
"""The table as tornado takes it."""
