package dev.drover.wire.plan;

import java.nio.file.Path;
import java.util.Locale;

/**
 * Where a worker pod finds the secrets of a stage's HTTP lookup: the operator mounts them beside
 * those of connections, the worker reads them before each batch, so a rotated token needs no
 * restart.
 *
 * @param folder the lookup's own
 */
public record HttpFiles(Path folder) {
  /** The files of a stage's lookup under the mount root of connections. */
  public static HttpFiles under(Path root, String stage) {
    return new HttpFiles(root.resolve(folderName(stage)));
  }

  /** The folder's name, which no connection can have: theirs hold no dot. */
  public static String folderName(String stage) {
    return "http." + stage;
  }

  /** The name of the file with a header's value. */
  public static String headerFile(String header) {
    return "header-" + header.toLowerCase(Locale.ROOT);
  }

  /** File of a header's value. */
  public Path header(String name) {
    return folder.resolve(headerFile(name));
  }

  /** File of the CA certificates in PEM; absent when the lookup names none. */
  public Path ca() {
    return folder.resolve("ca.crt");
  }
}
