package ai.hokus.torii.cli;

import ai.hokus.torii.identity.ApiKey;
import io.vertx.core.json.DecodeException;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.HttpTimeoutException;
import java.time.Duration;
import java.util.function.Consumer;

/** Proves that a call gets through the gateway to MLflow with the key, before anybody is told to try. */
final class QuickstartCheck {
    private static final Duration LONGEST = Duration.ofSeconds(15);
    private static final Duration LONGEST_CALL = Duration.ofSeconds(10);
    private static final int PAUSE_MILLIS = 200;
    private static final int TOO_MUCH_TO_QUOTE = 300;

    private final QuickstartLife life;
    private final HttpClient client = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .proxy(HttpClient.Builder.NO_PROXY)
            .build();
    private final HttpRequest question;

    /** For the tracking URI that callers are told, and their key. */
    QuickstartCheck(QuickstartLife life, String trackingUri, ApiKey key) {
        this.life = life;
        this.question = HttpRequest.newBuilder(
                        URI.create(trackingUri + "/api/2.0/mlflow/experiments/search?max_results=1"))
                .header("Authorization", "Bearer " + key.reveal())
                .timeout(LONGEST_CALL)
                .build();
    }

    /** How an attempt went: passed, or why not, and whether another one may go better. */
    private record Attempt(boolean isPassed, boolean isFinal, String why) {
        static Attempt again(String why) {
            return new Attempt(false, false, why);
        }
    }

    /**
     * Asks until an answer of MLflow's comes through; blocks. An outage may pass, so it asks again for 15 seconds; a
     * refusal will not.
     *
     * @param mlflow what MLflow is called in messages
     * @param progress gets a line when the first attempt has failed
     * @throws IOException if none came; the message quotes the gateway's error
     */
    void await(String mlflow, Consumer<String> progress) throws IOException, InterruptedException {
        var startedAt = System.nanoTime();
        var attempt = attempt();
        if (!attempt.isPassed() && !attempt.isFinal()) {
            progress.accept("waiting for " + mlflow + ": " + attempt.why());
        }
        while (!attempt.isPassed()) {
            if (attempt.isFinal() || System.nanoTime() - startedAt > LONGEST.toNanos()) {
                throw new IOException("no call gets through to " + mlflow + ": " + attempt.why());
            }
            life.pause(PAUSE_MILLIS);
            attempt = attempt();
        }
    }

    private Attempt attempt() throws InterruptedException {
        try {
            return judge(client.send(question, BodyHandlers.ofString()));
        } catch (HttpTimeoutException e) {
            return Attempt.again("no answer within " + LONGEST_CALL.toSeconds() + " s");
        } catch (IOException e) {
            return Attempt.again("the gateway does not answer: " + e);
        }
    }

    private static Attempt judge(HttpResponse<String> response) {
        var status = response.statusCode();
        if (status == 200) {
            var isMlflow = message(response.body()) != null;
            return new Attempt(isMlflow, true, "it answers, but not as MLflow does");
        }
        var said = message(response.body());
        var quoted = response.body()
                .substring(0, Math.min(TOO_MUCH_TO_QUOTE, response.body().length()));
        var why = "status " + status + ", " + (said == null || said.isEmpty() ? quoted.strip() : said);
        // 501 is the gateway's word for a setting that is wrong.
        return new Attempt(false, status < 500 || status == 501, why);
    }

    /** The message of a JSON object, empty if it has none; null if this is no JSON object. */
    private static String message(String body) {
        try {
            return new JsonObject(body).getString("message", "");
        } catch (DecodeException | ClassCastException e) {
            return null;
        }
    }
}
