package dev.drover.e2e;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** A certificate authority of its own, made with openssl in a folder. */
final class Authority {
  private static final String CURVE = "ec_paramgen_curve:P-256";

  private final Path folder;

  /** Makes its key and certificate in an empty folder. */
  Authority(Path folder) throws IOException, InterruptedException {
    this.folder = folder;
    openssl("ca", "-subj", "/CN=" + folder.getFileName());
  }

  /** The certificate that clients must trust, PEM. */
  String certificate() throws IOException {
    return pem("ca.crt");
  }

  /** Issues a server's certificate for these names. */
  Issued issue(String... hosts) throws IOException, InterruptedException {
    openssl(
        "server",
        "-subj",
        "/CN=" + hosts[0],
        "-CA",
        folder.resolve("ca.crt").toString(),
        "-CAkey",
        folder.resolve("ca.key").toString(),
        "-addext",
        "subjectAltName=" + Stream.of(hosts).map(h -> "DNS:" + h).collect(Collectors.joining(",")));
    return new Issued(pem("server.crt"), pem("server.key"));
  }

  private String pem(String name) throws IOException {
    return Files.readString(folder.resolve(name));
  }

  private void openssl(String name, String... more) throws IOException, InterruptedException {
    List<String> command =
        Stream.concat(
                Stream.of(
                    "openssl",
                    "req",
                    "-x509",
                    "-newkey",
                    "ec",
                    "-pkeyopt",
                    CURVE,
                    "-noenc",
                    "-days",
                    "2",
                    "-keyout",
                    folder.resolve(name + ".key").toString(),
                    "-out",
                    folder.resolve(name + ".crt").toString()),
                Stream.of(more))
            .toList();
    Commands.run(command);
  }

  /**
   * A server's certificate and its key, PEM.
   *
   * @param key PKCS#8
   */
  record Issued(String certificate, String key) {}
}
