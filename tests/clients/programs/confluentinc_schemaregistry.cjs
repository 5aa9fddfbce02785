// @confluentinc/schemaregistry, Confluent's client for Node, as `node confluentinc_schemaregistry.cjs URL`:
// its serializers of all types, ids in the value and in headers, references, and what is refused.
const assert = require("node:assert");
const {
  SchemaRegistryClient, SerdeType, SubjectNameStrategyType, Compatibility, HeaderSchemaIdSerializer,
  AvroSerializer, AvroDeserializer, JsonSerializer, JsonDeserializer, ProtobufSerializer, ProtobufDeserializer,
} = require("@confluentinc/schemaregistry");
const { create, createFileRegistry, createMutableRegistry } = require("@bufbuild/protobuf");
const { FileDescriptorProtoSchema, FieldDescriptorProto_Type: Type, FieldDescriptorProto_Label: Label } =
  require("@bufbuild/protobuf/wkt");

const AVRO = JSON.stringify({
  type: "record", name: "Order", namespace: "node", fields: [{ name: "id", type: "long" }],
});
const AVRO_NEXT = JSON.stringify({
  type: "record", name: "Order", namespace: "node",
  fields: [{ name: "id", type: "long" }, { name: "item", type: ["null", "node.Item"], default: null }],
});
const AVRO_ITEM = JSON.stringify({
  type: "record", name: "Item", namespace: "node", fields: [{ name: "name", type: "string" }],
});
const BROKEN = JSON.stringify({
  type: "record", name: "Order", namespace: "node", fields: [{ name: "other", type: "string" }],
});
const JSON_SCHEMA = JSON.stringify({
  $schema: "http://json-schema.org/draft-07/schema#", title: "Order",
  type: "object", properties: { id: { type: "integer" } }, required: ["id"],
});

function client(url) {
  return new SchemaRegistryClient({ baseURLs: [url], cacheCapacity: 100 });
}

async function roundTrip(url, topic, serializer, deserializer, value, strategy) {
  const conf = { autoRegisterSchemas: true, subjectNameStrategyType: strategy, ...serializer.conf };
  const headers = {};
  const data = await new serializer.kind(client(url), SerdeType.VALUE, conf).serialize(topic, value, headers);
  const read = { subjectNameStrategyType: strategy };
  return [await new deserializer(client(url), SerdeType.VALUE, read).deserialize(topic, data, headers), data, headers];
}

function orderOfProtobuf() {
  const proto = create(FileDescriptorProtoSchema, {
    name: "order.proto", package: "node", syntax: "proto3",
    messageType: [{ name: "Other" }, {
      name: "Order",
      field: [{ name: "id", jsonName: "id", number: 1, type: Type.INT32, label: Label.OPTIONAL }],
    }],
  });
  const desc = createFileRegistry(proto, () => undefined).getMessage("node.Order");
  return [createMutableRegistry(desc), create(desc, { id: 7 })];
}

async function main() {
  const url = process.argv[2];
  const registry = client(url);
  const strategies = [
    [SubjectNameStrategyType.TOPIC, (topic) => `${topic}-value`],
    [SubjectNameStrategyType.RECORD, (topic, name) => name],
    [SubjectNameStrategyType.TOPIC_RECORD, (topic, name) => `${topic}-${name}`],
    [SubjectNameStrategyType.ASSOCIATED, (topic) => `${topic}-value`],
  ];
  const [known, message] = orderOfProtobuf();
  for (const [strategy, subject] of strategies) {
    for (const [kind, serializer, deserializer, value, info, name, more] of [
      ["avro", AvroSerializer, AvroDeserializer, { id: 7 }, { schemaType: "AVRO", schema: AVRO }, "node.Order", {}],
      ["json", JsonSerializer, JsonDeserializer, { id: 7 }, { schemaType: "JSON", schema: JSON_SCHEMA }, "Order",
        { validate: true }],
      ["protobuf", ProtobufSerializer, ProtobufDeserializer, message, null, "node.Other", { registry: known }],
    ]) {
      // The record of an Avro or JSON value is known to this client only when it has found the schema,
      // and a Protobuf record's name is that of the first message in its file.
      if (info !== null && strategy.includes("RECORD")) continue;
      const topic = `confluentinc-${kind}-${strategy.toLowerCase()}`;
      const expected = subject(topic, name);
      let conf = more;
      if (info !== null) {
        await registry.register(expected, info);
        conf = { ...more, autoRegisterSchemas: false, useLatestVersion: true };
      }
      const [read, data] = await roundTrip(url, topic, { kind: serializer, conf }, deserializer, value, strategy);
      assert.strictEqual(Number(read.id), 7, topic);
      assert.strictEqual(data[0], 0, topic);
      assert.ok((await registry.getAllSubjects()).includes(expected), `${expected}: ${await registry.getAllSubjects()}`);
    }
  }

  // The schema's GUID in a header, the value bare.
  await registry.register("in-header-value", { schemaType: "AVRO", schema: AVRO });
  const conf = { autoRegisterSchemas: false, useLatestVersion: true, schemaIdSerializer: HeaderSchemaIdSerializer };
  const [read, data, headers] = await roundTrip(
    url, "in-header", { kind: AvroSerializer, conf }, AvroDeserializer, { id: 7 });
  assert.strictEqual(Number(read.id), 7);
  assert.strictEqual(data.length, 1);
  assert.strictEqual(headers.__value_schema_id.length, 17);

  // A reference, compatibility, lookup, configs, deletes.
  await registry.register("item", { schemaType: "AVRO", schema: AVRO_ITEM });
  const next = {
    schemaType: "AVRO", schema: AVRO_NEXT, references: [{ name: "node.Item", subject: "item", version: 1 }],
  };
  await registry.register("referring-value", { schemaType: "AVRO", schema: AVRO });
  assert.strictEqual(await registry.testSubjectCompatibility("referring-value", next), true);
  const id = await registry.register("referring-value", next);
  const latest = { autoRegisterSchemas: false, useLatestVersion: true };
  const [order] = await roundTrip(
    url, "referring", { kind: AvroSerializer, conf: latest }, AvroDeserializer, { id: 7, item: { name: "a" } });
  assert.strictEqual((order.item["node.Item"] ?? order.item).name, "a");
  assert.strictEqual(await registry.getId("referring-value", next), id);
  assert.strictEqual(await registry.getVersion("referring-value", next), 2);
  assert.deepStrictEqual(await registry.getAllVersions("referring-value"), [1, 2]);
  const broken = { schemaType: "AVRO", schema: BROKEN };
  assert.strictEqual(await registry.testSubjectCompatibility("referring-value", broken), false);
  await assert.rejects(registry.register("referring-value", broken), (error) => error.status === 409);
  await registry.updateCompatibility("referring-value", Compatibility.NONE);
  assert.strictEqual(await registry.getCompatibility("referring-value"), "NONE");
  await assert.rejects(registry.getLatestSchemaMetadata("nobody"), (error) => error.errorCode === 40401);
  assert.deepStrictEqual(await registry.deleteSubject("referring-value", false), [1, 2]);
  assert.deepStrictEqual(await registry.deleteSubject("referring-value", true), [1, 2]);

  // What does not fit the schema.
  await registry.register("strict-value", { schemaType: "JSON", schema: JSON_SCHEMA });
  const strict = new JsonSerializer(client(url), SerdeType.VALUE, { ...latest, validate: true });
  await assert.rejects(strict.serialize("strict", { id: "seven" }));
  console.log("everything held");
}

main().then(() => process.exit(0), (error) => { console.error(error); process.exit(1); });
