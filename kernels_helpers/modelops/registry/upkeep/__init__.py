"""Looking after a registry: check it, collect its garbage, make its index anew."""
