"""The ``modelops`` command line: one module per noun."""
