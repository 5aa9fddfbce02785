// Apache Kafka's own consumer with the protocol of KIP-848: two members share, one goes, all is read;
// topics come and go under a pattern; a group changes its protocol under its members, and back.
import java.time.Duration;
import java.util.*;
import org.apache.kafka.clients.admin.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.clients.producer.*;
import org.apache.kafka.common.GroupState;
import org.apache.kafka.common.GroupType;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InvalidRegularExpression;
import org.apache.kafka.common.serialization.*;

public class NextGeneration {
    static final int PARTITIONS = 4;
    static final int COUNT = 100;
    static final String TOPIC = "next-generation";

    public static void main(String[] arguments) throws Exception {
        String bootstrap = arguments[0];
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", bootstrap))) {
            admin.createTopics(List.of(new NewTopic(TOPIC, PARTITIONS, (short) 1))).all().get();
            produce(bootstrap);
            for (String assignor : List.of("uniform", "range")) {
                share(bootstrap, admin, "java-" + assignor, assignor);
            }
            followPattern(bootstrap, admin);
            migrate(bootstrap, admin);
        }
        System.out.println("everything held");
    }

    static void produce(String bootstrap) throws Exception {
        Map<String, Object> settings = Map.of("bootstrap.servers", bootstrap);
        try (var producer = new KafkaProducer<>(settings, new StringSerializer(), new StringSerializer())) {
            for (int number = 0; number < COUNT * PARTITIONS; number++) {
                producer.send(new ProducerRecord<>(TOPIC, number % PARTITIONS, null, "v" + number)).get();
            }
        }
    }

    static KafkaConsumer<String, String> consumer(String bootstrap, String group, Map<String, Object> more) {
        var settings = new HashMap<String, Object>(more);
        settings.putAll(Map.of("bootstrap.servers", bootstrap, "group.id", group,
            "auto.offset.reset", "earliest", "enable.auto.commit", false));
        return new KafkaConsumer<>(settings, new StringDeserializer(), new StringDeserializer());
    }

    static KafkaConsumer<String, String> member(String bootstrap, String group, String assignor) {
        var consumer = consumer(bootstrap, group,
            Map.of("group.protocol", "consumer", "group.remote.assignor", assignor));
        consumer.subscribe(List.of(TOPIC));
        return consumer;
    }

    static KafkaConsumer<String, String> classic(String bootstrap, String group) {
        var consumer = consumer(bootstrap, group, Map.of("group.protocol", "classic",
            "session.timeout.ms", 6000, "heartbeat.interval.ms", 300,
            "partition.assignment.strategy", CooperativeStickyAssignor.class.getName()));
        consumer.subscribe(List.of(TOPIC));
        return consumer;
    }

    static void followPattern(String bootstrap, Admin admin) throws Exception {
        String group = "java-pattern", late = "next-late";
        Set<String> seen = new HashSet<>();
        try (var member = consumer(bootstrap, group, Map.of("group.protocol", "consumer"))) {
            member.subscribe(new SubscriptionPattern("next-.*"));
            await("what there is", () -> poll(member, seen) && member.assignment().size() == PARTITIONS);
            admin.createTopics(List.of(new NewTopic(late, 2, (short) 1))).all().get();
            await("what is made later", () -> poll(member, seen) && member.assignment().size() == PARTITIONS + 2);
            admin.deleteTopics(List.of(late)).all().get();
            await("without what is gone", () -> poll(member, seen) && member.assignment().size() == PARTITIONS);
            await("every record came", () -> poll(member, seen) && seen.size() == COUNT * PARTITIONS);
        }
        try (var member = consumer(bootstrap, group, Map.of("group.protocol", "consumer"))) {
            member.subscribe(new SubscriptionPattern("next-(.*"));
            await("what is no pattern is refused", () -> {
                try {
                    return !poll(member, seen);
                } catch (InvalidRegularExpression refused) {
                    return true;
                }
            });
        }
    }

    static void migrate(String bootstrap, Admin admin) throws Exception {
        String group = "java-migrates";
        Set<String> seen = new HashSet<>();
        try (var old = classic(bootstrap, group)) {
            await("the classic one has all", () -> poll(old, seen) && old.assignment().size() == PARTITIONS);
            try (var young = member(bootstrap, group, "uniform")) {
                await("each has half", () -> poll(old, seen) && poll(young, seen)
                    && old.assignment().size() == 2 && young.assignment().size() == 2);
                check(Collections.disjoint(old.assignment(), young.assignment()), "nothing is shared");
                check(listed(admin, group).type().get() == GroupType.CONSUMER, "it is of the new kind");
                old.commitSync();
                young.commitSync();
            }
            await("it has all again", () -> poll(old, seen) && old.assignment().size() == PARTITIONS);
            await("it is of the old kind again", () -> poll(old, seen)
                && listed(admin, group).type().get() == GroupType.CLASSIC);
            await("every record came", () -> poll(old, seen) && seen.size() == COUNT * PARTITIONS);
            await("the end", () -> poll(old, seen) && isAtTheEnd(old));
            old.commitSync();
        }
    }

    static void share(String bootstrap, Admin admin, String group, String assignor) throws Exception {
        Set<String> seen = new HashSet<>();
        try (var stays = member(bootstrap, group, assignor)) {
            await("alone it has all", () -> poll(stays, seen) && stays.assignment().size() == PARTITIONS);
            try (var goes = member(bootstrap, group, assignor)) {
                await("each has half", () -> poll(stays, seen) && poll(goes, seen)
                    && stays.assignment().size() == 2 && goes.assignment().size() == 2);
                check(Collections.disjoint(stays.assignment(), goes.assignment()), "nothing is shared");
                describe(admin, group, assignor);
            }
            await("it has all again", () -> poll(stays, seen) && stays.assignment().size() == PARTITIONS);
            await("every record came", () -> poll(stays, seen) && seen.size() == COUNT * PARTITIONS);
            await("what went uncommitted is read again", () -> poll(stays, seen) && isAtTheEnd(stays));
            stays.commitSync();
        }
        var offsets = admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata().get();
        for (int number = 0; number < PARTITIONS; number++) {
            check(offsets.get(new TopicPartition(TOPIC, number)).offset() == COUNT, "all is committed");
        }
        check(listed(admin, group).groupState().get() == GroupState.EMPTY, "nobody is in it");
        admin.deleteConsumerGroups(List.of(group)).all().get();
        check(listed(admin, group) == null, "it is deleted");
    }

    static void describe(Admin admin, String group, String assignor) throws Exception {
        var found = admin.describeConsumerGroups(List.of(group)).all().get().get(group);
        check(found.type() == GroupType.CONSUMER, "its type");
        check(found.partitionAssignor().equals(assignor), "its assignor");
        check(found.members().size() == 2, "its members");
        for (var one : found.members()) {
            check(one.assignment().topicPartitions().size() == 2, "what they have");
            check(one.targetAssignment().get().topicPartitions().size() == 2, "what they shall have");
        }
        check(listed(admin, group).type().get() == GroupType.CONSUMER, "its type in the list");
    }

    static GroupListing listed(Admin admin, String group) throws Exception {
        for (var one : admin.listGroups().all().get()) {
            if (one.groupId().equals(group)) {
                return one;
            }
        }
        return null;
    }

    static boolean poll(KafkaConsumer<String, String> consumer, Set<String> seen) {
        for (var record : consumer.poll(Duration.ofMillis(100))) {
            seen.add(record.value());
        }
        return true;
    }

    static boolean isAtTheEnd(KafkaConsumer<String, String> consumer) {
        return consumer.assignment().stream().allMatch(one -> consumer.position(one) == COUNT);
    }

    interface Condition {
        boolean holds() throws Exception;
    }

    static void await(String what, Condition condition) throws Exception {
        long deadline = System.nanoTime() + 90_000_000_000L;
        while (!condition.holds()) {
            check(System.nanoTime() < deadline, what);
        }
    }

    static void check(boolean holds, String what) {
        if (!holds) {
            throw new AssertionError(what);
        }
    }
}
