"""What happens in a runner process: a kernel is started, a notebook executed, its outputs recorded and signed."""
