"""Coordinators: who belongs to which group, and what a group has committed."""
