"""The form, the views of a job and an artifact, a chat, and answers from an index, in any front end that shows widgets.

But for what is said in a chat nothing is kept in a widget: what it shows is read from the running server, and executing
the cell again shows it again.
"""

from __future__ import annotations

from modelops.widgets.artifact_view import ArtifactView
from modelops.widgets.ask import Ask
from modelops.widgets.chat import Chat
from modelops.widgets.job_view import JobView
from modelops.widgets.train_form import TrainForm

__all__ = ["ArtifactView", "Ask", "Chat", "JobView", "TrainForm"]
