"""Server-sent events: records as they come, over plain HTTP, to a browser's EventSource or curl."""
