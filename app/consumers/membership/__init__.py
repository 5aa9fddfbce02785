"""How a session is subscribed: which topics, and as a member of which group."""
