"""The languages of schemas: parse, canonical form, references, payload codecs."""
