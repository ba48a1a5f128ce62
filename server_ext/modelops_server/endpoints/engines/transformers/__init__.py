"""The engine that computes with transformers: every model that can be evaluated, on the same code path.

It is started as ``python -P -m modelops_server.endpoints.engines.transformers``.
"""
