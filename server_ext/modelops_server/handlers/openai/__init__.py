"""The OpenAI-compatible API, below ``modelops/openai/v1``."""
