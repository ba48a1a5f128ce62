"""What the API says, one module per resource: pydantic models, from which the OpenAPI document is made.

They describe what the handlers send and are not used to send it: records of the queue and of the registry have a JSON
form of their own, and a test holds every answer of a running server against these.
"""
