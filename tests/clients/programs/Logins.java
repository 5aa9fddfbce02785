// Apache Kafka's own client, as `BOOTSTRAP CERTIFICATE`: logs in over TLS by each mechanism as admin,
// whose password and API key are in the environment, and with a wrong password by none; makes a user's
// SCRAM credential, logs in with it and takes it away.
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import javax.security.auth.callback.Callback;
import javax.security.auth.login.AppConfigurationEntry;
import org.apache.kafka.clients.admin.*;
import org.apache.kafka.common.errors.SaslAuthenticationException;
import org.apache.kafka.common.security.auth.AuthenticateCallbackHandler;
import org.apache.kafka.common.security.auth.SaslExtensionsCallback;
import org.apache.kafka.common.security.oauthbearer.*;

public class Logins {
    static final String MODULES = "org.apache.kafka.common.security.";

    static String bootstrap;
    static String certificate;

    public static void main(String[] arguments) throws Exception {
        bootstrap = arguments[0];
        certificate = arguments[1];
        String password = System.getenv("CAUCE_PASSWORD");
        for (String mechanism : List.of("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")) {
            logIn(mechanism, "admin", password);
            refuse(mechanism, mechanism.toLowerCase(), "wrong password");
        }
        bearer();
        administer(password);
        System.out.println("everything held");
    }

    static Map<String, Object> settings(String mechanism, String login) {
        return new HashMap<>(Map.of(
            "bootstrap.servers", bootstrap, "security.protocol", "SASL_SSL", "ssl.truststore.type", "PEM",
            "ssl.truststore.location", certificate, "sasl.mechanism", mechanism, "sasl.jaas.config", login));
    }

    static Admin client(String mechanism, String user, String password) {
        String module = mechanism.equals("PLAIN") ? "plain.PlainLoginModule" : "scram.ScramLoginModule";
        return Admin.create(settings(mechanism, String.format(
            "%s%s required username=\"%s\" password=\"%s\";", MODULES, module, user, password)));
    }

    static void logIn(String mechanism, String user, String password) throws Exception {
        try (Admin admin = client(mechanism, user, password)) {
            check(admin.describeCluster().nodes().get().size() == 1, mechanism);
        }
    }

    static void refuse(String mechanism, String user, String password) throws Exception {
        try (Admin admin = client(mechanism, user, password)) {
            admin.describeCluster().nodes().get();
            check(false, mechanism + " let a stranger in");
        } catch (ExecutionException refused) {
            check(refused.getCause() instanceof SaslAuthenticationException
                && refused.getCause().getMessage().contains("Authentication failed."), "" + refused.getCause());
        }
    }

    static void bearer() throws Exception {
        var settings = settings("OAUTHBEARER", MODULES + "oauthbearer.OAuthBearerLoginModule required;");
        settings.put("sasl.login.callback.handler.class", Key.class);
        try (Admin admin = Admin.create(settings)) {
            check(admin.describeCluster().nodes().get().size() == 1, "OAUTHBEARER");
        }
    }

    static void administer(String password) throws Exception {
        try (Admin admin = client("SCRAM-SHA-512", "admin", password)) {
            var wanted = new ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096);
            byte[] secret = "correct horse".getBytes(StandardCharsets.UTF_8);
            admin.alterUserScramCredentials(List.of(new UserScramCredentialUpsertion("java", wanted, secret))).all().get();
            var described = admin.describeUserScramCredentials(List.of("java")).all().get().get("java");
            check(described.credentialInfos().equals(List.of(wanted)), "described " + described);
            logIn("SCRAM-SHA-512", "java", "correct horse");
            admin.alterUserScramCredentials(List.of(
                new UserScramCredentialDeletion("java", ScramMechanism.SCRAM_SHA_512))).all().get();
            refuse("SCRAM-SHA-512", "java", "correct horse");
        }
    }

    static void check(boolean holds, String what) {
        if (!holds) {
            throw new AssertionError(what);
        }
    }

    /** Gives the API key as a token. */
    public static class Key implements AuthenticateCallbackHandler {
        @Override
        public void configure(Map<String, ?> settings, String mechanism, List<AppConfigurationEntry> entries) {}

        @Override
        public void close() {}

        @Override
        public void handle(Callback[] callbacks) {
            for (Callback one : callbacks) {
                if (one instanceof OAuthBearerTokenCallback asked) {
                    asked.token(new Token());
                } else if (one instanceof SaslExtensionsCallback) {
                    continue;
                }
            }
        }
    }

    static class Token implements OAuthBearerToken {
        final long made = System.currentTimeMillis();

        @Override
        public String value() {
            return System.getenv("CAUCE_KEY");
        }

        @Override
        public Set<String> scope() {
            return Set.of();
        }

        @Override
        public long lifetimeMs() {
            return made + 3_600_000;
        }

        @Override
        public String principalName() {
            return "admin";
        }

        @Override
        public Long startTimeMs() {
            return made;
        }
    }
}
