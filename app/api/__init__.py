"""Door: HTTP. Parses a request, calls one verb of ``app.broker``, words the answer."""
