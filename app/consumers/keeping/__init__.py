"""What is kept of sessions, over restarts."""
