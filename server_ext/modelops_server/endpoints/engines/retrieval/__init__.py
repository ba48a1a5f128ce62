"""The engine that searches an index, in a process of its own: the Jupyter server never loads what embeds questions.

It is started as ``python -P -m modelops_server.endpoints.engines.retrieval``.
"""
