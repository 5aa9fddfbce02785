"""Records over one WebSocket that comes back by itself: consume and produce, awaited or blocking.

``records``, ``frames``, ``codec``, ``comebacks``, ``partitioner``, ``reading`` and ``sending``
decide and never wait; ``link``, ``line``, ``async_consumer`` and ``async_producer`` wait;
``consumer`` and ``producer`` are the same calls for programs without an event loop
(docs/adr/0020-client.md).
"""
