// Apache Kafka's own client, as `round-trip BOOTSTRAP` (makes topics, writes with every codec, reads
// back, administers) or as `group BOOTSTRAP GROUP TOPIC` (a member of a group that commits after
// every record, says what it sees as lines of JSON, and leaves at SIGTERM).
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Future;
import org.apache.kafka.clients.admin.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.clients.producer.*;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.RebalanceInProgressException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.*;

public class Client {
    static final int COUNT = 2_000;

    public static void main(String[] arguments) throws Exception {
        if (arguments[0].equals("group")) {
            new Member(arguments[1], arguments[2], arguments[3]).live();
        } else {
            roundTrip(arguments[1]);
        }
    }

    static void roundTrip(String bootstrap) throws Exception {
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", bootstrap))) {
            for (String codec : List.of("none", "gzip", "snappy", "lz4", "zstd")) {
                roundTrip(bootstrap, admin, "java-" + codec, codec);
            }
            administer(admin);
        }
        System.out.println("everything held");
    }

    static void roundTrip(String bootstrap, Admin admin, String topic, String codec) throws Exception {
        admin.createTopics(List.of(new NewTopic(topic, 1, (short) 1))).all().get();
        Map<String, Object> settings = Map.of(
            "bootstrap.servers", bootstrap, "compression.type", codec, "linger.ms", 5);
        try (var producer = new KafkaProducer<>(settings, new StringSerializer(), new StringSerializer())) {
            List<Future<RecordMetadata>> sent = new ArrayList<>();
            for (int number = 0; number < COUNT; number++) {
                var record = new ProducerRecord<>(topic, 0, 1_700_000_000_000L + number, "k" + number, "v" + number);
                record.headers().add("h", new byte[] {1});
                sent.add(producer.send(record));
            }
            for (int number = 0; number < COUNT; number++) {
                check(sent.get(number).get().offset() == number, "offset of " + number);
            }
        }
        Map<String, Object> reading = Map.of("bootstrap.servers", bootstrap, "isolation.level", "read_committed");
        try (var consumer = new KafkaConsumer<>(reading, new StringDeserializer(), new StringDeserializer())) {
            var place = new TopicPartition(topic, 0);
            consumer.assign(List.of(place));
            consumer.seekToBeginning(List.of(place));
            int seen = 0;
            long deadline = System.nanoTime() + 60_000_000_000L;
            while (seen < COUNT) {
                check(System.nanoTime() < deadline, seen + " of " + COUNT + " came");
                for (var record : consumer.poll(Duration.ofMillis(500))) {
                    check(record.offset() == seen && record.key().equals("k" + seen)
                        && record.value().equals("v" + seen) && record.headers().lastHeader("h") != null
                        && record.timestamp() == 1_700_000_000_000L + seen, "record " + seen);
                    seen++;
                }
            }
            check(consumer.endOffsets(List.of(place)).get(place) == COUNT, "end offset");
            check(consumer.offsetsForTimes(Map.of(place, 1_700_000_000_500L)).get(place).offset() == 500, "by time");
        }
    }

    static void administer(Admin admin) throws Exception {
        admin.createTopics(List.of(new NewTopic("java-admin", 2, (short) 1).configs(Map.of("retention.ms", "77")))).all().get();
        admin.createPartitions(Map.of("java-admin", NewPartitions.increaseTo(4))).all().get();
        var described = admin.describeTopics(List.of("java-admin")).allTopicNames().get().get("java-admin");
        check(described.partitions().size() == 4, "partitions");
        check(admin.describeTopics(org.apache.kafka.common.TopicCollection.ofTopicIds(Set.of(described.topicId())))
            .allTopicIds().get().size() == 1, "by id");
        var resource = new ConfigResource(ConfigResource.Type.TOPIC, "java-admin");
        admin.incrementalAlterConfigs(Map.of(resource, List.of(new AlterConfigOp(
            new ConfigEntry("cleanup.policy", "compact"), AlterConfigOp.OpType.APPEND)))).all().get();
        var configs = admin.describeConfigs(List.of(resource)).all().get().get(resource);
        check(configs.get("retention.ms").value().equals("77"), "retention.ms");
        check(configs.get("cleanup.policy").value().equals("delete,compact"), "cleanup.policy");
        check(admin.describeCluster().nodes().get().size() == 1, "nodes");
        var place = new TopicPartition("java-none", 0);
        check(admin.listOffsets(Map.of(place, OffsetSpec.maxTimestamp())).all().get().get(place).offset() == COUNT - 1, "max timestamp");
        check(admin.deleteRecords(Map.of(place, RecordsToDelete.beforeOffset(10))).all().get() == null, "delete records");
        check(admin.listOffsets(Map.of(place, OffsetSpec.earliest())).all().get().get(place).offset() == 10, "earliest");
        check(admin.describeProducers(List.of(place)).all().get().get(place).activeProducers().size() == 1, "producers");
        var logDirs = admin.describeLogDirs(List.of(1)).allDescriptions().get().get(1);
        check(logDirs.values().stream().anyMatch(one -> one.replicaInfos().containsKey(place)), "log dirs");
        admin.deleteTopics(List.of("java-admin")).all().get();
        check(!admin.listTopics().names().get().contains("java-admin"), "deleted");
    }

    static void check(boolean holds, String what) {
        if (!holds) {
            throw new AssertionError(what);
        }
    }

    /** A member of a group; a commit that is refused is tried again while it has the partition. */
    static class Member implements ConsumerRebalanceListener {
        final KafkaConsumer<byte[], byte[]> consumer;
        final Map<TopicPartition, OffsetAndMetadata> owed = new HashMap<>();
        final String topic;
        volatile boolean hasLeft = false;

        Member(String bootstrap, String group, String topic) {
            this.topic = topic;
            Map<String, Object> settings = Map.of(
                "bootstrap.servers", bootstrap, "group.id", group, "enable.auto.commit", false,
                "auto.offset.reset", "earliest", "session.timeout.ms", 2_000,
                "heartbeat.interval.ms", 300, "max.poll.records", 50);
            consumer = new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer());
        }

        void live() {
            Thread main = Thread.currentThread();
            Runtime.getRuntime().addShutdownHook(new Thread(() -> {
                consumer.wakeup();
                try {
                    main.join(20_000);
                } catch (InterruptedException stopped) {
                    Thread.currentThread().interrupt();
                }
                Runtime.getRuntime().halt(hasLeft ? 0 : 1);  // not the signal's 143
            }));
            try (consumer) {
                consumer.subscribe(List.of(topic), this);
                while (true) {
                    for (var record : consumer.poll(Duration.ofMillis(200))) {
                        say("got", "\"partition\": " + record.partition() + ", \"offset\": " + record.offset());
                        owed.put(new TopicPartition(topic, record.partition()), new OffsetAndMetadata(record.offset() + 1));
                        commit();
                    }
                    commit();
                }
            } catch (WakeupException stopped) {
                hasLeft = true;
            }
        }

        void commit() {
            if (owed.isEmpty()) {
                return;
            }
            try {
                consumer.commitSync(owed);
            } catch (RebalanceInProgressException | CommitFailedException | TimeoutException refused) {
                say("refused", "\"why\": \"" + refused.getClass().getSimpleName() + "\"");
                return;
            }
            owed.forEach((place, end) ->
                say("committed", "\"partition\": " + place.partition() + ", \"offset\": " + end.offset()));
            owed.clear();
        }

        @Override
        public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
            owed.keySet().removeAll(partitions);
        }

        @Override
        public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
            var numbers = consumer.assignment().stream().map(TopicPartition::partition).sorted().toList();
            say("assigned", "\"partitions\": " + numbers);
        }

        /** The time is the machine's monotonic one, which the other members use too. */
        static void say(String what, String more) {
            System.out.println("{\"what\": \"" + what + "\", \"at\": " + System.nanoTime() / 1e9 + ", " + more + "}");
            System.out.flush();
        }
    }
}
