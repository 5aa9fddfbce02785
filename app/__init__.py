"""The broker: one service instance, its doors on top and its ground below."""
