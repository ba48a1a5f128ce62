"""ModelOps on a Jupyter server: the job runner, the REST API, endpoints and the command line."""
