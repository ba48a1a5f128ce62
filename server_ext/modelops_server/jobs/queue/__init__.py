"""The queue: what the database holds of jobs and attempts, and how it is moved from state to state."""
