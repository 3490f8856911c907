package dev.drover.operator.workload;

import dev.drover.api.v1alpha1.Migration;
import dev.drover.wire.names.PrivateName;
import dev.drover.wire.schema.Fingerprints;

/**
 * Names of what the operator makes for a Migration: {@code <migration>-<stage>-<hash>}, at most 46
 * characters, so that a pod's name (17 more) still is its whole host name, by which workers tell
 * each other apart. The hash covers the parts apart and the Migration's uid, so that {@code a-b} +
 * {@code c} and {@code a} + {@code b-c} differ, and a Migration made again does not meet what its
 * predecessor left behind.
 */
public final class WorkloadNames {
  private static final int MAX_LENGTH = 46;
  private static final int HASH_LENGTH = 6;

  private WorkloadNames() {}

  /** Name of a stage's Deployment. */
  public static String deployment(Migration migration, String stage) {
    return name(migration, stage, "stage", stage);
  }

  /** Name of the Job that plans a revision. */
  public static String planJob(Migration migration, String revision) {
    return name(migration, "plan", "plan", revision);
  }

  /** Name of the Job that carries out a Redrive. */
  static String redriveJob(Migration migration, String uid) {
    return name(migration, "redrive", "redrive", uid);
  }

  /** Name of the Job that holds the snapshot of an extract stage. */
  static String snapshotJob(Migration migration, String stage) {
    return name(migration, stage + "-snapshot", "snapshot", stage);
  }

  /** Name of the Secret by which a Migration's pods know NATS. */
  public static String natsSecret(Migration migration) {
    return name(migration, "nats", "nats", "");
  }

  private static String name(Migration migration, String suffix, String kind, String part) {
    String hash =
        Fingerprints.of(migration.getMetadata().getUid(), kind, part).substring(0, HASH_LENGTH);
    String readable = migration.getMetadata().getName() + "-" + PrivateName.plain(suffix);
    int room = MAX_LENGTH - HASH_LENGTH - 1;
    String cut = readable.length() <= room ? readable : readable.substring(0, room);
    return cut.replaceAll("-+$", "") + "-" + hash;
  }
}
