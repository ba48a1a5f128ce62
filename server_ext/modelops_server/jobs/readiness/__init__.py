"""Whether a job can run here with these parameters: every reason with what mends it, and what it will take."""

from modelops_server.jobs.readiness.answers import Check, FirstBatch, Mend, Readiness
from modelops_server.jobs.readiness.asked import Asked
from modelops_server.jobs.readiness.readiness import check_readiness, first_batch, lighter

__all__ = ["Asked", "Check", "FirstBatch", "Mend", "Readiness", "check_readiness", "first_batch", "lighter"]
