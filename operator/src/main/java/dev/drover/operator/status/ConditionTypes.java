package dev.drover.operator.status;

import java.util.List;

/** The types of a Migration's conditions. */
public final class ConditionTypes {
  /** Nothing in the manifest is wrong that can be known from it and from the Secrets it names. */
  public static final String SPEC_VALID = "SpecValid";

  /** The spec was checked against the real databases, and found fit to run. */
  public static final String PLANNED = "Planned";

  /** All streams and consumers exist, and NATS answers. */
  public static final String QUEUES_READY = "QueuesReady";

  /** Every stage has the workers that it should, and moves. */
  public static final String STAGES_READY = "StagesReady";

  /** The tally adds up. */
  public static final String BALANCED = "Balanced";

  /**
   * Of some connection's server the sessions cannot be listed: there maxConnections is no promise
   * after a worker was killed.
   */
  public static final String CAP_ADVISORY = "CapAdvisory";

  /** All that was read is decided. */
  public static final String COMPLETED = "Completed";

  /** The summary. */
  public static final String READY = "Ready";

  static final List<String> ALL =
      List.of(
          SPEC_VALID,
          PLANNED,
          QUEUES_READY,
          STAGES_READY,
          BALANCED,
          CAP_ADVISORY,
          COMPLETED,
          READY);

  private ConditionTypes() {}
}
