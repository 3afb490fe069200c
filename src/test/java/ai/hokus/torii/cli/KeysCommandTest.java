package ai.hokus.torii.cli;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.auth.KeyFile;
import ai.hokus.torii.auth.KeyFile.Key;
import ai.hokus.torii.identity.ApiKey;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class KeysCommandTest {

    @TempDir
    private Path folder;

    private final PrintStream realOut = System.out;
    private final PrintStream realErr = System.err;
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    @BeforeEach
    void captures() {
        System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
        System.setErr(new PrintStream(err, true, StandardCharsets.UTF_8));
    }

    @AfterEach
    void releases() {
        System.setOut(realOut);
        System.setErr(realErr);
    }

    private Path file() {
        return folder.resolve("sub/keys.yaml");
    }

    /** Runs {@code torii keys} with these arguments, separated by spaces; what was printed before is forgotten. */
    private int keys(String arguments) {
        out.reset();
        err.reset();
        return ToriiCommand.run(
                ("keys " + arguments).replace("FILE", file().toString()).split(" "));
    }

    private String printed() {
        return out.toString(StandardCharsets.UTF_8);
    }

    private String created(int entry) throws Exception {
        return stored().get(entry).createdAt().truncatedTo(ChronoUnit.SECONDS).toString();
    }

    private String complained() {
        return err.toString(StandardCharsets.UTF_8);
    }

    private List<Key> stored() throws Exception {
        return KeyFile.parse(Files.readString(file())).keys();
    }

    @ParameterizedTest
    @ValueSource(strings = {"mlflow:read,mlflow:write", "m\u00fc"})
    void takesOneScopeAtATime(String scope) {
        // When
        int exitCode = keys("create -f FILE --user ada --scope " + scope);

        // Then
        assertThat(exitCode).isEqualTo(2);
        assertThat(complained()).contains("--scope '", "is not one scope; repeat --scope for each");
    }

    @Test
    void printsANewKeyOnceAndKeepsItsDigestAlone() throws Exception {
        // Given
        String arguments = "create -f FILE --user ada --name laptop --scope mlflow:read --scope model:read"
                + " --expires 30d --rate-limit 1000";

        // When
        int exitCode = keys(arguments);

        // Then
        assertThat(exitCode).isZero();
        assertThat(printed()).matches("hk_live_[A-Za-z0-9]{32}\\R");
        ApiKey key = ApiKey.parse(printed().trim()).orElseThrow();
        Key entry = stored().get(0);
        assertThat(complained())
                .isEqualToIgnoringNewLines("key_id " + entry.keyId() + "; the key is shown once, keep it:");
        assertThat(entry.sha256()).isEqualTo(KeyFile.digest(key));
        assertThat(entry.userId()).isEqualTo("ada");
        assertThat(entry.name()).isEqualTo("laptop");
        assertThat(entry.scopes()).containsExactly("mlflow:read", "model:read");
        assertThat(entry.requestsPerHour()).isEqualTo(OptionalLong.of(1000));
        assertThat(entry.expiresAt()).contains(entry.createdAt().plus(Duration.ofDays(30)));
        assertThat(entry.revokedAt()).isEmpty();
        assertThat(Files.readString(file())).doesNotContain(key.reveal().substring("hk_live_".length(), 16));
    }

    @Test
    void grantsAWriterThatNeverEndsUnlessToldOtherwise() throws Exception {
        // Given
        String arguments = "create -f FILE --user ada";

        // When
        keys(arguments);

        // Then
        Key entry = stored().get(0);
        assertThat(entry.scopes()).containsExactly("mlflow:write");
        assertThat(entry.expiresAt()).isEmpty();
        assertThat(entry.requestsPerHour()).isEmpty();
        assertThat(entry.name()).isEmpty();
    }

    @Test
    void listsKeysWithoutTheKeys() throws Exception {
        // Given
        keys("create -f FILE --user ada --name laptop --scope mlflow:read --scope model:read"
                + " --expires 2027-01-31 --rate-limit 1000");
        String key = printed().trim();
        keys("create -f FILE --user bob");
        String id = stored().get(1).keyId();
        keys("revoke -f FILE " + id);

        // When
        int exitCode = keys("list -f FILE");

        // Then
        assertThat(exitCode).isZero();
        assertThat(printed().lines().map(line -> line.trim().replaceAll(" {2,}", " | ")))
                .containsExactly(
                        "KEY_ID | STATE | USER | NAME | CREATED | EXPIRES | RATE LIMIT | SCOPES",
                        stored().get(0).keyId() + " | active | ada | laptop | " + created(0)
                                + " | 2027-01-31T00:00:00Z | 1000/h | mlflow:read,model:read",
                        id + " | revoked | bob | - | " + created(1) + " | never | none | mlflow:write");
        assertThat(printed() + complained())
                .doesNotContain(key.substring(8, 16))
                .doesNotContain(stored().get(0).sha256());
    }

    @Test
    void listsKeysForProgramsWithoutTheirDigests() throws Exception {
        // Given
        keys("create -f FILE --user ada --name laptop --expires 2027-01-31T01:00:00+01:00 --rate-limit 1000");
        keys("create -f FILE --user bob");
        List<Key> entries = stored();

        // When
        int exitCode = keys("list -f FILE --json");

        // Then
        assertThat(exitCode).isZero();
        assertThat(printed().lines())
                .containsExactly(
                        "{\"key_id\":\"" + entries.get(0).keyId() + "\",\"state\":\"active\",\"user_id\":\"ada\","
                                + "\"name\":\"laptop\",\"scopes\":[\"mlflow:write\"],\"rate_limit_per_hour\":1000,"
                                + "\"created_at\":\"" + entries.get(0).createdAt()
                                + "\",\"expires_at\":\"2027-01-31T00:00:00Z\",\"revoked_at\":null}",
                        "{\"key_id\":\"" + entries.get(1).keyId() + "\",\"state\":\"active\",\"user_id\":\"bob\","
                                + "\"name\":\"\",\"scopes\":[\"mlflow:write\"],\"rate_limit_per_hour\":null,"
                                + "\"created_at\":\"" + entries.get(1).createdAt()
                                + "\",\"expires_at\":null,\"revoked_at\":null}");
    }

    @Test
    void showsNothingThatCouldSteerATerminal() throws Exception {
        // Given
        Files.createDirectories(file().getParent());
        Files.writeString(
                file(),
                "keys:\n- {key_id: k, sha256: '" + "a".repeat(64) + "', user_id: \"a\\e[2Jb\", name: \"x\\ny\"}\n");

        // When
        keys("list -f FILE");

        // Then
        assertThat(printed().lines().skip(1))
                .containsExactly("k       active  a?[2Jb  x?y   -        never    none        -");
    }

    @Test
    void listsNothingWhereNoFileIsYet() {
        // Given no file

        // When
        int exitCode = keys("list -f FILE");

        // Then
        assertThat(exitCode).isZero();
        assertThat(printed().lines()).hasSize(1);
        assertThat(file()).doesNotExist();
    }

    @Test
    void revokesAKeyAndKeepsTheFirstTime() throws Exception {
        // Given
        keys("create -f FILE --user ada");
        keys("create -f FILE --user bob");
        String id = stored().get(0).keyId();
        keys("revoke -f FILE " + id);
        Instant first = stored().get(0).revokedAt().orElseThrow();

        // When
        int exitCode = keys("revoke -f FILE " + id);

        // Then
        assertThat(exitCode).isZero();
        assertThat(complained()).isEqualToIgnoringNewLines("revoked " + id);
        assertThat(stored().get(0).revokedAt()).contains(first);
        assertThat(stored().get(1).revokedAt()).isEmpty();
    }

    @Test
    void saysThatNoKeyHasThisId() {
        // Given
        keys("create -f FILE --user ada");

        // When
        int exitCode = keys("revoke -f FILE nobody");

        // Then
        assertThat(exitCode).isEqualTo(1);
        assertThat(complained()).isEqualToIgnoringNewLines("torii keys: no key has key_id 'nobody'");
    }

    @ParameterizedTest
    @ValueSource(strings = {"create -f FILE --user ada", "list -f FILE", "revoke -f FILE x", "rotate -f FILE x"})
    void leavesAFileAloneThatItCannotRead(String arguments) throws Exception {
        // Given
        Files.createDirectories(file().getParent());
        Files.writeString(file(), "keys: none");

        // When
        int exitCode = keys(arguments);

        // Then
        assertThat(exitCode).isEqualTo(1);
        assertThat(complained())
                .isEqualToIgnoringNewLines("torii keys: '" + file() + "' must hold one list named 'keys'");
        assertThat(printed()).as("no key that is in no file").doesNotContain("hk_live_");
        assertThat(file()).hasContent("keys: none");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "create --user ada | Missing required option: '--file=FILE'",
                "create -f FILE | Missing required option: '--user=<user>'",
                "create -f FILE --user ada --expires 0d | --expires '0d' is past; name a time to come, like 30d, 12h,"
                        + " 2027-01-31 or 2027-01-31T00:00:00Z",
                "create -f FILE --user ada --expires 2020-01-01 | --expires '2020-01-01' is past; name a time to come,"
                        + " like 30d, 12h, 2027-01-31 or 2027-01-31T00:00:00Z",
                "create -f FILE --user ada --expires 30 | --expires '30' is no time; write it like 30d, 12h, 2027-01-31"
                        + " or 2027-01-31T00:00:00Z",
                "create -f FILE --user ada --expires 2027-02-30 | --expires '2027-02-30' is no time; write it like 30d,"
                        + " 12h, 2027-01-31 or 2027-01-31T00:00:00Z",
                "create -f FILE --user ada --expires 999999999d | --expires '999999999d' is after the year 9999; leave"
                        + " the option out for a key that never ends",
                "rotate -f FILE x --overlap soon | --overlap 'soon' is no length of time; write a number with its unit,"
                        + " like 24h, 7d or 0s",
                "rotate -f FILE x --expires 0s | --expires '0s' is past; name a time to come, like 30d, 12h, 2027-01-31"
                        + " or 2027-01-31T00:00:00Z",
                "rotate -f FILE | Missing required parameter: 'KEY_ID'",
                "import | Missing required option: '--file=FILE'",
                "create -f FILE --user ada --rate-limit 0 | --rate-limit '0' must be 1 or more; leave it out for no limit",
                "create -f FILE --user ada --rate-limit -1 | --rate-limit '-1' must be 1 or more; leave it out for no"
                        + " limit",
                "create -f FILE --user ada --scopes x | Unknown options: '--scopes', 'x'",
                "revoke -f FILE | Missing required parameter: 'KEY_ID'",
                "list | Missing required option: '--file=FILE'",
                "destroy | Unmatched argument at index 1: 'destroy'"
            })
    void endsWith2ForWrongArgumentsAndTouchesNothing(String arguments, String complaint) {
        // Given the arguments

        // When
        int exitCode = keys(arguments);

        // Then
        assertThat(exitCode).isEqualTo(2);
        assertThat(complained().lines().findFirst()).contains(complaint);
        assertThat(printed()).isEmpty();
        assertThat(file()).doesNotExist();
    }
}
