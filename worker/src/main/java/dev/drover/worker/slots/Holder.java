package dev.drover.worker.slots;

import java.util.UUID;

/**
 * Who takes slots.
 *
 * @param namespace the Migration's
 * @param migration its name
 * @param stage the stage's name, or what else opens sessions
 * @param pod whose process this is; no two pods have one name
 * @param process this process: where a pod has had another before, that is dead
 */
public record Holder(String namespace, String migration, String stage, String pod, String process) {
  /** This process of a pod. */
  public Holder(String namespace, String migration, String stage, String pod) {
    this(namespace, migration, stage, pod, UUID.randomUUID().toString());
  }

  /** The Migration among those of all namespaces. */
  String chain() {
    return namespace + "/" + migration;
  }

  /** Whether a slot was taken by a process that ended before this one began. */
  boolean hasOutlived(Slot slot) {
    return slot.pod().equals(pod) && !slot.process().equals(process);
  }
}
