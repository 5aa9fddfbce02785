"""The messages of Kafka's protocol that are served here, a module a family.

Each class is one message over all its versions: a field says from which version on it is there.
Left out are fields that no served version has.
"""
