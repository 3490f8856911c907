package dev.drover.wire.nats;

import io.nats.client.Connection;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A real nats-server with JetStream for a test: on a free port of 127.0.0.1, with a store of its
 * own that outlives {@link #kill} and {@link #restart} and is removed by {@link #close}. The binary
 * is the one in the folder that the system property {@code drover.bin} names.
 */
public final class NatsServer implements AutoCloseable {
  private static final Duration START_LIMIT = Duration.ofSeconds(20);

  private final Path folder;
  private final int port;
  private final Thread atExit = new Thread(this::kill, "stop nats-server");
  private @Nullable Process process;

  private NatsServer(Path folder, int port) {
    this.folder = folder;
    this.port = port;
  }

  /** Starts a server and waits until it answers. */
  public static NatsServer start() {
    return start("");
  }

  /**
   * Starts a server and waits until it answers.
   *
   * @param config more lines for its configuration, such as {@code max_payload: 64KB}
   */
  public static NatsServer start(String config) {
    try {
      return startIn(Files.createTempDirectory("drover-nats-"), config);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Starts a server that keeps all it has in a folder, and waits until it answers.
   *
   * @param config as {@link #start(String)}
   */
  public static NatsServer startIn(Path folder, String config) {
    try {
      NatsServer server = new NatsServer(folder, freePort());
      Files.writeString(
          folder.resolve("nats.conf"),
          """
          listen: "127.0.0.1:%d"
          jetstream { store_dir: "%s", max_file_store: 1TB }
          %s
          """
              .formatted(server.port, folder.resolve("store"), config));
      Runtime.getRuntime().addShutdownHook(server.atExit);
      server.restart();
      return server;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Where clients find it; the same after a restart. */
  public String url() {
    return "nats://127.0.0.1:" + port;
  }

  /** What the server has on disk of a stream. */
  public Path streamFolder(String stream) {
    return folder.resolve("store").resolve("jetstream/$G/streams").resolve(stream);
  }

  /** The same as an endpoint. */
  public NatsEndpoint endpoint() {
    return new NatsEndpoint(url(), null, null);
  }

  /** A new connection; the caller closes it. */
  public Connection connect() throws IOException, InterruptedException {
    return endpoint().connect("test");
  }

  /** Ends the process with SIGKILL, as a crash would; the store stays. Harmless if it is not up. */
  public void kill() {
    Process running = process;
    process = null;
    if (running == null) {
      return;
    }
    running.destroyForcibly();
    try {
      running.waitFor(10, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** From now on the process stands still: connections stay open, and nobody is answered. */
  public void pause() throws IOException, InterruptedException {
    signal("-STOP");
  }

  /** Lets a process that stands still go on. */
  public void resume() throws IOException, InterruptedException {
    signal("-CONT");
  }

  private void signal(String signal) throws IOException, InterruptedException {
    long pid = Objects.requireNonNull(process, "it is not up").pid();
    int code = new ProcessBuilder("kill", signal, Long.toString(pid)).inheritIO().start().waitFor();
    if (code != 0) {
      throw new IOException("kill " + signal + " ended with " + code);
    }
  }

  /** Whether its process runs. */
  public boolean alive() {
    Process running = process;
    return running != null && running.isAlive();
  }

  /** From now on the process may have what it has and no more: asking for memory ends it. */
  public void allowNoMoreMemory() throws IOException, InterruptedException {
    long pid = Objects.requireNonNull(process, "it is not up").pid();
    String data =
        Files.readAllLines(Path.of("/proc/" + pid + "/status")).stream()
            .filter(line -> line.startsWith("VmData:"))
            .map(line -> Long.parseLong(line.replaceAll("\\D", "")) * 1024)
            .findFirst()
            .orElseThrow()
            .toString();
    int code =
        new ProcessBuilder("prlimit", "--pid", Long.toString(pid), "--data=" + data)
            .inheritIO()
            .start()
            .waitFor();
    if (code != 0) {
      throw new IOException("prlimit ended with " + code);
    }
  }

  /** Starts it on its port and store, killing it first if it is up, and waits until it answers. */
  public void restart() {
    kill();
    try {
      Path log = folder.resolve("nats.log");
      Process started =
          new ProcessBuilder(binary().toString(), "-c", folder.resolve("nats.conf").toString())
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
              .start();
      process = started;
      awaitAnswer(started, log);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Ends the process and removes the store. */
  @Override
  public void close() {
    kill();
    Runtime.getRuntime().removeShutdownHook(atExit);
    try (Stream<Path> all = Files.walk(folder)) {
      all.sorted(Comparator.reverseOrder()).forEach(path -> path.toFile().delete());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void awaitAnswer(Process started, Path log) throws IOException {
    Instant limit = Instant.now().plus(START_LIMIT);
    while (!answers()) {
      if (!started.isAlive() || Instant.now().isAfter(limit)) {
        throw new IllegalStateException("nats-server did not start:\n" + Files.readString(log));
      }
      try {
        Thread.sleep(20);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IllegalStateException("interrupted while nats-server starts", e);
      }
    }
  }

  /** The server listens only after its store is recovered, and greets with a line. */
  private boolean answers() {
    try (Socket socket = new Socket()) {
      socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 500);
      socket.setSoTimeout(500);
      return socket.getInputStream().read() == 'I';
    } catch (IOException e) {
      return false;
    }
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  private static Path binary() {
    String folder = System.getProperty("drover.bin");
    Path binary = Path.of(folder == null ? "dev/.state/bin" : folder, "nats-server");
    if (!Files.isExecutable(binary)) {
      throw new IllegalStateException(
          "no nats-server at "
              + binary.toAbsolutePath()
              + ": run dev/up once, or pass -Ddrover.bin=FOLDER with the pinned binaries");
    }
    return binary;
  }
}
