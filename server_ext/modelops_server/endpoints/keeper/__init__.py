"""The supervisor of one endpoint: a process that outlives who started it, and ends its engine with itself."""
