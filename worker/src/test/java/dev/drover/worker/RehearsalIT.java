package dev.drover.worker;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.wire.nats.NatsServer;
import dev.drover.worker.postgres.session.PostgresServer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An image is packed without its ahead-of-time cache, and pods start slowly, when this fails. */
class RehearsalIT {
  @Test
  void a_chain_is_rehearsed_to_its_end(@TempDir Path secrets) throws Exception {
    Path database = Files.createDirectory(secrets.resolve("database"));
    Files.writeString(database.resolve("username"), "postgres");
    Files.writeString(database.resolve("password"), "a password");
    try (NatsServer nats = NatsServer.start()) {
      ProcessBuilder builder =
          new ProcessBuilder(
                  Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                  "-Xmx172m",
                  "-XX:+UseSerialGC",
                  "-cp",
                  System.getProperty("java.class.path"),
                  "dev.drover.worker.Worker",
                  "rehearse")
              .redirectErrorStream(true);
      builder.environment().put("NATS_URL", nats.url());
      builder.environment().put("DROVER_SECRETS", secrets.toString());
      builder.environment().put("DROVER_REHEARSAL_JDBC_URL", PostgresServer.url("postgres"));
      Process process = builder.start();
      String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(process.waitFor()).as(output).isZero();
      assertThat(output).doesNotContain("\tat ");
    }
  }
}
