"""Fixtures of the tests of endpoints."""

from __future__ import annotations

from tiny_endpoint import ask, served
from tiny_gguf import tiny_gguf

__all__ = ["ask", "served", "tiny_gguf"]
