package dev.drover.worker.chain;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** A worker as a process of its own, as in a pod, to be killed without warning. */
final class WorkerProcess implements AutoCloseable {
  private final Process process;

  private WorkerProcess(Process process) {
    this.process = process;
  }

  static WorkerProcess start(String natsUrl, String name, String stage, Path secrets, File log)
      throws Exception {
    return start("run", Map.of("DROVER_STAGE", stage), natsUrl, name, stage, secrets, log);
  }

  /** A worker in a pod of a name: there may have been another before. */
  static WorkerProcess startIn(
      String pod, String natsUrl, String name, String stage, Path secrets, File log)
      throws Exception {
    return start(
        "run", Map.of("DROVER_STAGE", stage, "HOSTNAME", pod), natsUrl, name, pod, secrets, log);
  }

  /** What holds the snapshot of an extract. */
  static WorkerProcess hold(String natsUrl, String name, String stage, Path secrets, File log)
      throws Exception {
    return start("hold", Map.of("DROVER_STAGE", stage), natsUrl, name, "holder", secrets, log);
  }

  /** The worker of a Redrive. */
  static WorkerProcess redrive(String natsUrl, String name, String uid, File log) throws Exception {
    return start("redrive", Map.of("DROVER_REDRIVE", uid), natsUrl, name, uid, log.toPath(), log);
  }

  /** The worker of a Redrive that reads the source. */
  static WorkerProcess redrive(String natsUrl, String name, String uid, Path secrets, File log)
      throws Exception {
    return start("redrive", Map.of("DROVER_REDRIVE", uid), natsUrl, name, uid, secrets, log);
  }

  private static WorkerProcess start(
      String command,
      Map<String, String> task,
      String natsUrl,
      String name,
      String pod,
      Path secrets,
      File log)
      throws Exception {
    ProcessBuilder builder =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx172m",
                "-XX:+UseSerialGC",
                "-cp",
                System.getProperty("java.class.path"),
                "dev.drover.worker.Worker",
                command)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(log));
    builder
        .environment()
        .putAll(
            Map.of(
                "DROVER_NAMESPACE",
                "test",
                "DROVER_MIGRATION",
                name,
                "DROVER_UID",
                name,
                "DROVER_REVISION",
                TestChain.REVISION,
                "DROVER_SECRETS",
                secrets.toString(),
                "DROVER_HTTP_PORT",
                "0",
                "DROVER_GRACE_SECONDS",
                "300",
                "HOSTNAME",
                pod + "-" + System.nanoTime(),
                "NATS_URL",
                natsUrl));
    builder.environment().putAll(task);
    return new WorkerProcess(builder.start());
  }

  /** SIGKILL. */
  void kill() throws InterruptedException {
    process.destroyForcibly().waitFor(10, TimeUnit.SECONDS);
  }

  /** SIGSTOP: to the others the worker is gone, to itself no time passes. */
  void pause() throws Exception {
    signal("STOP");
  }

  /** SIGCONT. */
  void goOn() throws Exception {
    signal("CONT");
  }

  /** SIGTERM, as the kubelet would. */
  void askToLeave() {
    process.destroy();
  }

  /** SIGTERM; whether it left within the time. */
  boolean leaves(Duration within) throws Exception {
    askToLeave();
    return process.waitFor(within.toMillis(), TimeUnit.MILLISECONDS);
  }

  /** The most memory that it had resident so far, MiB. */
  long peakMib() throws Exception {
    return Files.readAllLines(Path.of("/proc/" + process.pid() + "/status")).stream()
        .filter(line -> line.startsWith("VmHWM:"))
        .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) / 1024)
        .findFirst()
        .orElseThrow();
  }

  int exitCode() {
    return process.exitValue();
  }

  void signal(String signal) throws Exception {
    Process kill = new ProcessBuilder("kill", "-" + signal, "" + process.pid()).start();
    if (kill.waitFor() != 0) {
      throw new IllegalStateException("no process " + process.pid() + " to send " + signal);
    }
  }

  boolean alive() {
    return process.isAlive();
  }

  /** SIGTERM, as the kubelet would. */
  @Override
  public void close() throws Exception {
    process.destroy();
    if (!process.waitFor(30, TimeUnit.SECONDS)) {
      process.destroyForcibly();
    }
  }
}
