"""Commands on who may come in, who may do what, and how much."""
