// KafkaJS: makes a topic, writes plain and gzip, reads offsets and administers.
const { Kafka, CompressionTypes, logLevel } = require("kafkajs");
const assert = require("node:assert");

async function main() {
  const kafka = new Kafka({ brokers: [process.argv[2]], logLevel: logLevel.ERROR });
  const admin = kafka.admin();
  await admin.connect();
  const topic = "kafkajs";
  assert(await admin.createTopics({ topics: [{ topic, numPartitions: 1 }] }));
  const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 });
  await producer.connect();
  for (const compression of [CompressionTypes.None, CompressionTypes.GZIP]) {
    const messages = [];
    for (let number = 0; number < 500; number++) {
      messages.push({ key: `k${number}`, value: `v${number}`, headers: { h: "1" }, partition: 0 });
    }
    await producer.send({ topic, compression, messages, acks: -1 });
  }
  await producer.disconnect();
  const [offsets] = await admin.fetchTopicOffsets(topic);
  assert.deepEqual([offsets.low, offsets.high], ["0", "1000"]);
  await admin.createPartitions({ topicPartitions: [{ topic, count: 3 }] });
  const found = await admin.fetchTopicMetadata({ topics: [topic] });
  assert.equal(found.topics[0].partitions.length, 3);
  await admin.alterConfigs({
    resources: [{ type: 2, name: topic, configEntries: [{ name: "retention.ms", value: "77" }] }],
  });
  const described = await admin.describeConfigs({
    resources: [{ type: 2, name: topic, configNames: ["retention.ms"] }],
  });
  assert.equal(described.resources[0].configEntries[0].configValue, "77");
  await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: "10" }] });
  const cluster = await admin.describeCluster();
  assert.equal(cluster.brokers.length, 1);
  await admin.deleteTopics({ topics: [topic] });
  assert(!(await admin.listTopics()).includes(topic));
  await admin.disconnect();
  console.log("everything held");
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
