"""Logging in: passwords, keys, what failed logins cost, which logins still stand."""
