// @kafkajs/confluent-schema-registry, as `node confluent_schema_registry.cjs URL`: registers, encodes
// and decodes each type of schema, and asks for what there is.
const { SchemaRegistry, SchemaType, COMPATIBILITY } = require("@kafkajs/confluent-schema-registry");
const assert = require("node:assert");

const AVRO = JSON.stringify({
  type: "record", name: "Order", namespace: "node", fields: [{ name: "id", type: "long" }],
});
const JSON_SCHEMA = JSON.stringify({
  type: "object", properties: { id: { type: "integer" } }, required: ["id"],
});
const PROTO = 'syntax = "proto3"; package node; message Order { int32 id = 1; }';

async function main() {
  const registry = new SchemaRegistry({ host: process.argv[2] });
  for (const [type, schema] of [["AVRO", AVRO], ["JSON", JSON_SCHEMA], ["PROTOBUF", PROTO]]) {
    const subject = `node-${type}-value`;
    const { id } = await registry.register(
      { type: SchemaType[type], schema }, { subject, compatibility: COMPATIBILITY.BACKWARD });
    const decoded = await new SchemaRegistry({ host: process.argv[2] }).decode(
      await registry.encode(id, { id: 7 }));
    assert.strictEqual(Number(decoded.id), 7, type);
    assert.strictEqual(await registry.getLatestSchemaId(subject), id);
    assert.strictEqual(await registry.getRegistryId(subject, 1), id);
  }
  await assert.rejects(registry.getLatestSchemaId("nobody"), /not found/);
  const id = await registry.getLatestSchemaId("node-JSON-value");
  await assert.rejects(registry.encode(id, { id: "seven" }));
  console.log("everything held");
}

main().catch((error) => { console.error(error); process.exit(1); });
