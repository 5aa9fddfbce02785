"""Serdes: what doors and verbs are given of the registry, to write and read data with."""

from dataclasses import dataclass

from schema_registry.registry.context import RegistryContext
from schema_registry.serdes.checks import Checks
from schema_registry.serdes.choices import Choices
from schema_registry.serdes.codecs import Codecs


@dataclass(frozen=True, slots=True, kw_only=True)
class Serdes:
    """The registry, as those see it who carry data."""

    codecs: Codecs
    """By what stands in data."""

    choices: Choices
    """By what producers say."""

    checks: Checks
    """Whether data is what it has to be."""


def serdes_of(registry: RegistryContext) -> Serdes:
    """Return the serdes of a registry."""
    codecs = Codecs(registry)
    return Serdes(codecs=codecs, choices=Choices(codecs), checks=Checks(codecs))
