"""How an endpoint answers under load: a generator of requests, what it measured, and the signed record of that."""
