package ai.hokus.torii.auth;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import ai.hokus.torii.auth.KeyValidator.Answer;
import ai.hokus.torii.auth.Verdict.Accepted;
import ai.hokus.torii.auth.Verdict.Refusal;
import ai.hokus.torii.auth.Verdict.Rejected;
import ai.hokus.torii.exchange.GatewayFailure;
import ai.hokus.torii.exchange.Reason;
import ai.hokus.torii.exchange.VerdictSource;
import ai.hokus.torii.identity.ApiKey;
import ai.hokus.torii.identity.Principal;
import io.vertx.core.Future;
import java.util.HashSet;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AuthProbeTest {

    private static KeyValidator answering(Verdict verdict) {
        return inquiry -> Future.succeededFuture(new Answer(verdict, VerdictSource.CALL));
    }

    @Test
    void failsWhenADoorBeforeTheSourceAnswers() {
        // Given
        KeyValidator validator = answering(new Rejected(Refusal.NOT_ALLOWED));

        // When
        GatewayFailure failure =
                (GatewayFailure) AuthProbe.run(validator, Optional.empty()).cause();

        // Then
        assertThat(failure.reason()).isEqualTo(Reason.AUTH_CONTRACT);
    }

    @ParameterizedTest
    @CsvSource({"true, none", "false, auth_contract_suspect"})
    void asksAboutTheCanaryKeyToo(boolean accepted, String reason) {
        // Given
        ApiKey canary = AuthProbe.randomKey();
        Principal own = new Principal("id", "us", Set.of(), Set.of(), OptionalLong.empty(), Optional.empty());
        KeyValidator validator = inquiry -> Future.succeededFuture(new Answer(
                accepted && inquiry.key().equals(canary) ? new Accepted(own) : new Rejected(Refusal.REFUSED),
                VerdictSource.CALL));

        // When
        Future<Void> probe = AuthProbe.run(validator, Optional.of(canary));

        // Then
        assertThat(
                        probe.succeeded()
                                ? "none"
                                : ((GatewayFailure) probe.cause()).reason().code())
                .isEqualTo(reason);
    }

    @Test
    void succeedsWhenTheSourceRefusesAKeyThatDoesNotExist() throws Exception {
        // Given
        KeyValidator validator = answering(new Rejected(Refusal.REFUSED));

        // When
        Future<Void> probe = AuthProbe.run(validator, Optional.empty());

        // Then
        assertThat(probe.await(5, SECONDS)).isNull();
    }

    @Test
    void failsWhenTheSourceAcceptsAKeyThatDoesNotExist() {
        // Given
        Principal anyone = new Principal("id", "ada", Set.of(), Set.of(), OptionalLong.empty(), Optional.empty());
        KeyValidator validator = answering(new Accepted(anyone));

        // When
        GatewayFailure failure = catchThrowableOfType(
                GatewayFailure.class,
                () -> AuthProbe.run(validator, Optional.empty()).await(5, SECONDS));

        // Then
        assertThat(failure.reason()).isEqualTo(Reason.AUTH_CONTRACT);
        assertThat(failure.detail()).isEqualTo("it accepts a key that does not exist");
    }

    @Test
    void failsWithTheOutageWhenNobodyCanTell() {
        // Given
        GatewayFailure outage = GatewayFailure.authTimeout("slow");

        // When
        GatewayFailure failure = catchThrowableOfType(
                GatewayFailure.class,
                () -> AuthProbe.run(inquiry -> Future.failedFuture(outage), Optional.empty())
                        .await(5, SECONDS));

        // Then
        assertThat(failure).isSameAs(outage);
    }

    @Test
    void asksWithAnotherKeyOfThePlatformsShapeEachTime() throws Exception {
        // Given
        Set<String> asked = new HashSet<>();
        KeyValidator recording = inquiry -> {
            asked.add(inquiry.key().reveal() + " from " + inquiry.clientIp());
            return Future.succeededFuture(new Answer(new Rejected(Refusal.REFUSED), VerdictSource.CALL));
        };

        // When
        for (int i = 0; i < 50; i++) {
            AuthProbe.run(recording, Optional.empty()).await(5, SECONDS);
        }

        // Then
        assertThat(asked).hasSize(50).allMatch(key -> key.matches("hk_live_[A-Za-z0-9]{32} from 127\\.0\\.0\\.1"));
    }

    @Test
    void makesARandomKeyUnderThePrefixItIsGiven() {
        // Given
        String prefix = "hk_test_";

        // When
        ApiKey key = AuthProbe.randomKey(prefix);

        // Then
        assertThat(key.reveal()).matches("hk_test_[A-Za-z0-9]{32}");
    }
}
