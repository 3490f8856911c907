package dev.drover.worker.session;

import dev.drover.wire.plan.ConnectionSpec;

/**
 * A session that somebody wants to open.
 *
 * @param connection the connection of the Migration that it is for
 * @param login the database user
 * @param applicationName what the server would list it as, without the number of its slot
 * @param roster asks the server for its sessions
 */
public record SessionRequest(
    ConnectionSpec connection,
    String login,
    String applicationName,
    SessionUse use,
    SessionRoster roster) {}
