"""The way from a client to an engine: which one is meant, whether it is the client's turn, and what passes."""

from __future__ import annotations

from modelops_server.endpoints.gateway.gateway import Gateway, Limits, Reply

__all__ = ["Gateway", "Limits", "Reply"]
