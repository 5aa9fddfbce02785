"""The command ``cauce``."""
