package dev.drover.wire.plan;

import java.nio.file.Path;

/**
 * Where a worker pod finds the secrets of a connection: the operator mounts them, the worker reads
 * them at every new connection, so a rotated password needs no restart.
 *
 * @param username file of the user's name
 * @param password file of the password
 * @param ca file of the server's CA certificates in PEM; absent when the connection names none
 */
public record ConnectionFiles(Path username, Path password, Path ca) {
  /** The files of a connection under the mount root, {@code root/<connection>/…}. */
  public static ConnectionFiles under(Path root, String connection) {
    Path folder = root.resolve(connection);
    return new ConnectionFiles(
        folder.resolve("username"), folder.resolve("password"), folder.resolve("ca.crt"));
  }
}
