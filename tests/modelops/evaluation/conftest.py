"""Fixtures of the evaluation tests."""

from tiny_chats import chats, examples, model, tokenizer
from tiny_gguf import tiny_gguf

__all__ = ["chats", "examples", "model", "tiny_gguf", "tokenizer"]
