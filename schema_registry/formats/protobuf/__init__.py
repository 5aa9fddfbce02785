"""Protobuf: from texts and descriptors to schemas, their canonical forms and payloads.

A text goes through tokenizer and parser to a syntax tree, which is what is printed, normalized
and compared; the tree becomes a descriptor, which Google's descriptor pool links and which the
codec works with. ``protobuf_format`` is the door; everything below it is pure.
"""
