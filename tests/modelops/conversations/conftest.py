"""Fixtures of the tests of conversations."""

from tiny_chats import chats, examples, model, tokenizer

__all__ = ["chats", "examples", "model", "tokenizer"]
