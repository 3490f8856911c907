package dev.drover.wire.plan;

/**
 * A database endpoint. Credentials are not here: a pod finds them as files, see {@link
 * ConnectionFiles}.
 *
 * @param name its name in the Migration
 * @param jdbcUrl {@code jdbc:postgresql://host:port/database?…}
 * @param maxConnections the most connections that all workers may hold together; at least 1
 */
public record ConnectionSpec(String name, String jdbcUrl, int maxConnections) {}
