"""JSON Schema, drafts 4 to 2020-12: texts to schemas, references, model, payloads.

``schema`` is the way in: ``JsonSchemaFormat`` for the registry, ``JsonSchema`` for comparisons.
"""
