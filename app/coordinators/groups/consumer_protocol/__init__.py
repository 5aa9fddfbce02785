"""The next generation of consumer groups (KIP-848): the server assigns, members reconcile."""
