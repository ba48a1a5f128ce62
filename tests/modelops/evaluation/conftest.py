"""Fixtures of the evaluation tests."""

from tiny_chats import chats, examples, model, tokenizer

__all__ = ["chats", "examples", "model", "tokenizer"]
