package ai.hokus.torii.config;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * How requests travel to MLflow.
 *
 * @param connectTimeout longest time for a TCP connection
 * @param poolWait longest time a request waits for a connection, free or new
 * @param connections largest number of connections of one event loop
 * @param queue largest number of requests of one event loop that wait for a connection
 * @param keepAlive how long an idle connection is kept; uvicorn drops it after 5 s
 * @param headTimeout longest wait for MLflow's answer to a control call, after the request is sent
 * @param artifactHeadTimeout the same for artifact uploads and downloads
 * @param interimInterval how often MLflow's Python client is told that its upload is still being worked on
 * @param uploadStallTimeout longest time without a byte of a request body that should move, whoever holds it up
 * @param downloadStallTimeout the same for an answer
 * @param unknownLength what becomes of a request body without a length
 * @param spool where such bodies are kept meanwhile
 */
public record ForwardConfig(
        Duration connectTimeout,
        Duration poolWait,
        int connections,
        int queue,
        Duration keepAlive,
        Duration headTimeout,
        Duration artifactHeadTimeout,
        Duration interimInterval,
        Duration uploadStallTimeout,
        Duration downloadStallTimeout,
        UnknownLength unknownLength,
        Spool spool) {

    /** What becomes of a request body whose length is not known from its head and that is larger than 64 KiB. */
    public enum UnknownLength {
        /** Written to a private file, then sent with its length: MLflow under uvicorn stores 0 bytes of a chunked one. */
        SPOOL,
        /** Sent chunked; for an MLflow that is known to read it. */
        STREAM,
        /** Refused with 413. */
        REFUSE
    }

    /**
     * Where bodies without a length wait until their length is known.
     *
     * @param directory the folder; empty: the JVM's temporary folder
     * @param maxBodyBytes largest single body
     * @param maxTotalBytes largest sum of all bodies held at once
     */
    public record Spool(Optional<Path> directory, long maxBodyBytes, long maxTotalBytes) {}
}
