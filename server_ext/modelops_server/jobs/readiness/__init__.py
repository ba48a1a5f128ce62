"""Whether a job can run here with these parameters: every reason with what mends it, and what it will take."""

from modelops_server.jobs.readiness.answers import Check, FirstBatch, Mend, Readiness
from modelops_server.jobs.readiness.asked import Asked
from modelops_server.jobs.readiness.previews import close_previews
from modelops_server.jobs.readiness.readiness import check_readiness, first_batch, lighter
from modelops_server.jobs.readiness.written import as_options, in_words

__all__ = [
    "Asked",
    "Check",
    "FirstBatch",
    "Mend",
    "Readiness",
    "as_options",
    "check_readiness",
    "close_previews",
    "first_batch",
    "in_words",
    "lighter",
]
