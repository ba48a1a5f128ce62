"""The form, the live view of a job and the view of an artifact inside a notebook, in any front end that shows widgets.

Nothing is kept in a widget: what it shows is read from the running server, and executing the cell again shows it again.
"""

from __future__ import annotations

from modelops.widgets.artifact_view import ArtifactView
from modelops.widgets.job_view import JobView
from modelops.widgets.train_form import TrainForm

__all__ = ["ArtifactView", "JobView", "TrainForm"]
