"""vLLM, in an environment of its own: many requests at once, and adapters side by side."""
