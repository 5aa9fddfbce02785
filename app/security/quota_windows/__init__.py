"""Quotas as pure arithmetic: whose limit counts, and how long who is over it has to wait.

No clock in it: whoever asks says what time it is.
"""
