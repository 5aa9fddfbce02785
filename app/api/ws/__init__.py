"""The WebSocket door: produce and consume on one socket (states and failures: DESIGN.md)."""
