"""Answers of ``preflight``: what the checks say is what is sent."""

from modelops_server.jobs.readiness import FirstBatch, Readiness

__all__ = ["FirstBatch", "Readiness"]
