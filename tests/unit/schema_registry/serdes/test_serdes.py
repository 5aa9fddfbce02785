"""Serdes: one set of codecs for what is written and what is read."""

from schema_registry.model import SchemaType
from schema_registry.serdes.choices import SchemaChoice
from schema_registry.serdes.codecs import LoadedSchema
from schema_registry.serdes.serdes import serdes_of
from tests.support.registry.door import RunningRegistry


async def test_what_was_chosen_is_read_by_its_id(registry: RunningRegistry) -> None:
    serdes = serdes_of(registry.context)
    wanted = SchemaChoice("t", is_key=True, schema_type=SchemaType.AVRO, text='"string"')

    chosen = await serdes.choices.find(wanted)

    assert chosen.subject == "t-key"
    found = (await serdes.codecs.load([1]))[1]
    assert isinstance(found, LoadedSchema)
    assert found.codec is chosen.loaded.codec
