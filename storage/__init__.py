"""The log of one node, in segment files. Synchronous: no event loop, no network, no web, no SQL."""
