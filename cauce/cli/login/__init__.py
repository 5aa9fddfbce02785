"""Who the command is to the server, and where secrets are read."""
