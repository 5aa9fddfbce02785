"""Identity: the digest of a schema's content, which says that two are the same.

Printed as a UUID it is the GUID that clients may send instead of an id. The bytes that go into it,
and their order, are Confluent's: a schema has the same GUID here and there. The type does not.
"""

import hashlib
import struct
import uuid
from collections.abc import Iterator

from schema_registry.model import Metadata, Rule, RuleSet, SchemaContent


def guid_of(content: SchemaContent) -> str:
    """Return the GUID of a content."""
    digest = hashlib.md5(content.text.encode(), usedforsecurity=False)
    for reference in content.references:
        digest.update(reference.name.encode())
        digest.update(reference.subject.encode())
        digest.update(struct.pack(">i", reference.version))
    if content.metadata is not None:
        digest.update(b"\x01")
        for text in _metadata_texts(content.metadata):
            digest.update(text.encode())
    if content.rule_set is not None:
        digest.update(b"\x01")
        for part in _rule_set_parts(content.rule_set):
            digest.update(part)
    return str(uuid.UUID(bytes=digest.digest()))


def _metadata_texts(metadata: Metadata) -> Iterator[str]:
    for path in sorted(metadata.tags):
        yield path
        yield from metadata.tags[path]
    for name in sorted(metadata.properties):
        yield name
        yield metadata.properties[name]
    yield from metadata.sensitive


def _rule_set_parts(rule_set: RuleSet) -> Iterator[bytes]:
    for rules in (rule_set.migration_rules, rule_set.domain_rules, rule_set.encoding_rules):
        for rule in rules or ():
            yield from _rule_parts(rule)
    if rule_set.enable_at is not None:
        yield rule_set.enable_at.encode()


def _rule_parts(rule: Rule) -> Iterator[bytes]:
    for text in (rule.name, rule.doc, rule.kind, rule.mode, rule.type):
        yield (text or "").encode()
    yield from (tag.encode() for tag in rule.tags)
    for name in sorted(rule.params):
        yield name.encode()
        yield rule.params[name].encode()
    for text in (rule.expr, rule.on_success, rule.on_failure):
        yield (text or "").encode()
    if rule.disabled:
        yield b"\x01"
