// Apache Kafka's own client: makes a topic, writes with every codec, reads back, administers.
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Future;
import org.apache.kafka.clients.admin.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.clients.producer.*;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.serialization.*;

public class RoundTrip {
    static final int COUNT = 2_000;

    public static void main(String[] arguments) throws Exception {
        String bootstrap = arguments[0];
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
}
