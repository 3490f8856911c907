package dev.drover.worker.slots;

/**
 * Who takes slots.
 *
 * @param namespace the Migration's
 * @param migration its name
 * @param stage the stage's name, or what else opens sessions
 * @param pod this process
 */
public record Holder(String namespace, String migration, String stage, String pod) {
  /** The Migration among those of all namespaces. */
  String chain() {
    return namespace + "/" + migration;
  }
}
