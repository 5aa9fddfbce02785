// KafkaJS, as `round-trip BOOTSTRAP` (makes a topic, writes plain and gzip, reads offsets and
// administers) or as `group BOOTSTRAP GROUP TOPIC STRATEGY` (a member of a group that commits after
// every record, says what it sees as lines of JSON, and leaves at SIGTERM).
const { AssignerProtocol, Kafka, CompressionTypes, PartitionAssigners, logLevel } = require("kafkajs");
const assert = require("node:assert");
const fs = require("node:fs");

async function main() {
  const [verb, bootstrap, ...more] = process.argv.slice(2);
  const kafka = new Kafka({ brokers: [bootstrap], logLevel: logLevel.ERROR });
  await { "round-trip": roundTrip, group }[verb](kafka, ...more);
}

// The time is the machine's monotonic one, which the other members use too.
function say(what, more) {
  const at = Number(process.hrtime.bigint()) / 1e9;
  fs.writeSync(1, JSON.stringify({ what, at, ...more }) + "\n");
}

// KafkaJS knows its assignor by a name that no other client has. Under another name it can be in
// their groups: whoever leads, every member takes what it is assigned.
function assignorNamed(name) {
  return (context) => {
    const assignor = PartitionAssigners.roundRobin(context);
    const metadata = (topics) =>
      AssignerProtocol.MemberMetadata.encode({ version: 0, topics, userData: Buffer.alloc(0) });
    return { ...assignor, name, protocol: ({ topics }) => ({ name, metadata: metadata(topics) }) };
  };
}

async function group(kafka, groupId, topic, strategy) {
  const consumer = kafka.consumer({
    groupId,
    partitionAssigners: [strategy ? assignorNamed(strategy) : PartitionAssigners.roundRobin],
    sessionTimeout: 2000,
    heartbeatInterval: 300,
    maxWaitTimeInMs: 200,
    retry: { retries: 50, initialRetryTime: 100, maxRetryTime: 1000 },
  });
  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
    say("assigned", { partitions: payload.memberAssignment[topic] || [] });
  });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await consumer.run({
    autoCommit: false,
    eachMessage: async ({ partition, message }) => {
      say("got", { partition, offset: Number(message.offset) });
      const offset = Number(message.offset) + 1;
      await consumer.commitOffsets([{ topic, partition, offset: String(offset) }]);
      say("committed", { partition, offset });
    },
  });
  await new Promise((done) => process.on("SIGTERM", done));
  await consumer.disconnect();
}

async function roundTrip(kafka) {
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

main().then(
  () => process.exit(0),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
