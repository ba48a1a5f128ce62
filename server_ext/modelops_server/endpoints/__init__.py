"""Endpoints: running servers of verified models, with the OpenAI API."""
