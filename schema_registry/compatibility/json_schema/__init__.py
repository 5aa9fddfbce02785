"""JSON Schema: whether values that one schema accepts are accepted by another.

``verdict.incompatibilities`` is the way in. The rules are those of Confluent's registry, on the
same model of a schema (``formats.json_schema.nodes``), so that verdicts agree; where they do not
prove what they say, ``docs/json-schema-verdicts.md`` lists it.
"""
