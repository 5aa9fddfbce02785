"""Consumers that live on the server, for clients that come by HTTP: see DESIGN.md here."""
