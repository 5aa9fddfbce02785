import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.apache.flink.avro.registry.confluent.shaded.io.confluent.kafka.schemaregistry.ParsedSchema;
import org.apache.flink.avro.registry.confluent.shaded.io.confluent.kafka.schemaregistry.avro.AvroSchema;
import org.apache.flink.avro.registry.confluent.shaded.io.confluent.kafka.schemaregistry.avro.AvroSchemaProvider;
import org.apache.flink.avro.registry.confluent.shaded.io.confluent.kafka.schemaregistry.client.CachedSchemaRegistryClient;
import org.apache.flink.avro.registry.confluent.shaded.io.confluent.kafka.schemaregistry.client.SchemaRegistryClient;
import org.apache.flink.avro.registry.confluent.shaded.io.confluent.kafka.schemaregistry.client.rest.RestService;
import org.apache.flink.avro.registry.confluent.shaded.io.confluent.kafka.schemaregistry.client.rest.entities.Config;
import org.apache.flink.avro.registry.confluent.shaded.io.confluent.kafka.schemaregistry.client.rest.entities.Metadata;
import org.apache.flink.avro.registry.confluent.shaded.io.confluent.kafka.schemaregistry.client.rest.entities.SchemaReference;
import org.apache.flink.avro.registry.confluent.shaded.io.confluent.kafka.schemaregistry.client.rest.exceptions.RestClientException;
import org.apache.flink.avro.shaded.org.apache.avro.Schema;
import org.apache.flink.avro.shaded.org.apache.avro.generic.GenericData;
import org.apache.flink.avro.shaded.org.apache.avro.generic.GenericDatumReader;
import org.apache.flink.avro.shaded.org.apache.avro.generic.GenericDatumWriter;
import org.apache.flink.avro.shaded.org.apache.avro.generic.GenericRecord;
import org.apache.flink.avro.shaded.org.apache.avro.io.BinaryEncoder;
import org.apache.flink.avro.shaded.org.apache.avro.io.DecoderFactory;
import org.apache.flink.avro.shaded.org.apache.avro.io.EncoderFactory;

/**
 * Confluent's client for Java, as `java RegistryClient URL HEX`: all that its serializers ask, in their order, and what
 * administrators ask. HEX is a value that another client has written; the last line is one for others to read.
 */
public final class RegistryClient {
    private static final String ORDER =
        "{\"type\":\"record\",\"name\":\"Order\",\"namespace\":\"shop\",\"fields\":[{\"name\":\"id\",\"type\":\"long\"}]}";
    private static final String ITEM =
        "{\"type\":\"record\",\"name\":\"Item\",\"namespace\":\"shop\",\"fields\":[{\"name\":\"name\",\"type\":\"string\"}]}";
    private static final String NEXT =
        "{\"type\":\"record\",\"name\":\"Order\",\"namespace\":\"shop\",\"fields\":[{\"name\":\"id\",\"type\":\"long\"},"
            + "{\"name\":\"item\",\"type\":[\"null\",\"shop.Item\"],\"default\":null}]}";
    private static final String BROKEN = ORDER.replace("\"id\"", "\"number\"");

    public static void main(String[] arguments) throws Exception {
        String url = arguments[0];
        registers(client(url));
        refers(client(url));
        refuses(client(url));
        administers(client(url));
        registersOtherTypes(new RestService(url));
        GenericRecord read = deserialize(client(url), HexFormat.of().parseHex(arguments[1]));
        check(read.get("id").equals(7L), "another client's value: " + read);
        System.out.println("everything held");
        System.out.println(HexFormat.of().formatHex(serialize(client(url), "java-value", 8L)));
    }

    private static SchemaRegistryClient client(String url) {
        return new CachedSchemaRegistryClient(List.of(url), 100, List.of(new AvroSchemaProvider()), Map.of());
    }

    /** What KafkaAvroSerializer does: register, then a zero, the id, and one Avro datum. */
    private static byte[] serialize(SchemaRegistryClient client, String subject, long number) throws Exception {
        AvroSchema schema = new AvroSchema(ORDER);
        int id = client.register(subject, schema);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(0);
        out.write(ByteBuffer.allocate(4).putInt(id).array());
        GenericRecord order = new GenericData.Record(schema.rawSchema());
        order.put("id", number);
        BinaryEncoder encoder = EncoderFactory.get().directBinaryEncoder(out, null);
        new GenericDatumWriter<GenericRecord>(schema.rawSchema()).write(order, encoder);
        encoder.flush();
        return out.toByteArray();
    }

    /** What KafkaAvroDeserializer does: look at the id, ask for its schema, read. */
    private static GenericRecord deserialize(SchemaRegistryClient client, byte[] data) throws Exception {
        ByteBuffer buffer = ByteBuffer.wrap(data);
        check(buffer.get() == 0, "the first byte is zero");
        Schema schema = ((AvroSchema) client.getSchemaById(buffer.getInt())).rawSchema();
        return new GenericDatumReader<GenericRecord>(schema)
            .read(null, DecoderFactory.get().binaryDecoder(data, 5, data.length - 5, null));
    }

    private static void registers(SchemaRegistryClient client) throws Exception {
        ParsedSchema order = new AvroSchema(ORDER);
        int id = client.register("java-one", order);
        check(client.register("java-two", order) == id, "one content has one id");
        check(client.getId("java-one", order) == id, "it is found by its content");
        check(client.getVersion("java-one", order) == 1, "and has a version");
        check(client.getSchemaById(id).canonicalString().equals(ORDER), "and comes back as it was");
        check(client.getAllSubjectsById(id).containsAll(List.of("java-one", "java-two")), "under both subjects");
        check(client.getLatestSchemaMetadata("java-one").getId() == id, "as the latest");
        check(deserialize(client, serialize(client, "java-one", 5)).get("id").equals(5L), "a value goes round");
    }

    private static void refers(SchemaRegistryClient client) throws Exception {
        client.register("java-item", new AvroSchema(ITEM));
        SchemaReference item = new SchemaReference("shop.Item", "java-item", 1);
        AvroSchema next = new AvroSchema(NEXT, List.of(item), Map.of("shop.Item", ITEM), null);
        check(client.testCompatibility("java-one", next), "a field with a default may come");
        int id = client.register("java-one", next);
        client.reset();
        AvroSchema found = (AvroSchema) client.getSchemaById(id);
        check(found.references().equals(List.of(item)), "references come back: " + found.references());
        check(found.rawSchema().getField("item") != null, "and are resolved");
        check(client.getAllVersions("java-one").equals(List.of(1, 2)), "there are two versions");
    }

    private static void refuses(SchemaRegistryClient client) throws Exception {
        check(!client.testCompatibility("java-one", new AvroSchema(BROKEN)), "what breaks is told");
        List<String> reasons = client.testCompatibilityVerbose("java-one", new AvroSchema(BROKEN));
        check(reasons.get(0).contains("READER_FIELD_MISSING_DEFAULT_VALUE"), "with a reason: " + reasons);
        refused(409, 409, () -> client.register("java-one", new AvroSchema(BROKEN)));
        refused(404, 40401, () -> client.getLatestSchemaMetadata("nobody"));
        refused(404, 40403, () -> client.getSchemaById(1_000_000));
        refused(404, 40403, () -> client.getId("java-one", new AvroSchema(BROKEN)));
        refused(422, 42206, () -> client.deleteSubject("java-item"));
    }

    private static void administers(SchemaRegistryClient client) throws Exception {
        client.updateCompatibility("java-one", "FULL");
        check(client.getCompatibility("java-one").equals("FULL"), "a level is set");
        client.updateConfig("java-one", new Config("NONE"));
        check(client.getConfig("java-one").getCompatibilityLevel().equals("NONE"), "and another");
        client.setMode("READONLY", "java-one");
        check(client.getMode("java-one").equals("READONLY"), "a mode is set");
        refused(422, 42205, () -> client.register("java-one", new AvroSchema(BROKEN)));
        client.setMode("READWRITE", "java-one");
        Metadata metadata = new Metadata(Map.of(), Map.of("owner", "java"), java.util.Set.of());
        client.register("java-one", new AvroSchema(ORDER, List.of(), Map.of(), metadata, null, null, false));
        check(client.getLatestWithMetadata("java-one", Map.of("owner", "java"), false).getVersion() == 3, "by metadata");
        check(client.deleteSchemaVersion("java-one", "3") == 3, "a version is deleted");
        check(client.deleteSubject("java-one").equals(List.of(1, 2)), "and the others");
        check(client.deleteSubject("java-one", true).equals(List.of(1, 2, 3)), "for good");
        check(!client.getAllSubjects().contains("java-one"), "nothing is left");
    }

    private static void registersOtherTypes(RestService rest) throws Exception {
        String proto = "syntax = \"proto3\"; package shop; message Order { int64 id = 1; }";
        String json = "{\"type\":\"object\",\"properties\":{\"id\":{\"type\":\"integer\"}}}";
        for (String[] one : new String[][] {{"PROTOBUF", proto}, {"JSON", json}}) {
            String subject = "java/" + one[0] + " \u00e4";
            int id = rest.registerSchema(one[1], one[0], List.of(), subject).getId();
            check(rest.getId(id).getSchemaType().equals(one[0]), "types come back");
            check(rest.lookUpSubjectVersion(one[1], one[0], List.of(), subject, false).getVersion() == 1, "by content");
            check(rest.getAllSubjects(subject.substring(0, 9), false).contains(subject), "in the list: " + subject);
        }
        check(rest.getSchemaTypes().containsAll(List.of("AVRO", "JSON", "PROTOBUF")), "types are listed");
    }

    private interface Call {
        void run() throws Exception;
    }

    private static void refused(int status, int code, Call call) throws Exception {
        try {
            call.run();
        } catch (RestClientException error) {
            check(error.getStatus() == status && error.getErrorCode() == code, status + ", not " + error.getMessage());
            return;
        }
        throw new AssertionError("not refused with " + code);
    }

    private static void check(boolean holds, String what) {
        if (!holds) {
            throw new AssertionError(what);
        }
    }
}
