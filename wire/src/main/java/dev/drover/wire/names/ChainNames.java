package dev.drover.wire.names;

import dev.drover.wire.schema.Fingerprints;

/**
 * Names of a migration's streams, subjects, consumers and bucket. The one place they are made, so
 * that operator and workers cannot disagree. Immutable and thread-safe.
 *
 * <p>An id is {@code <namespace>_<name>_<hash of namespace, name and uid>}: readable, at most 88
 * characters long, and different for a migration that is deleted and made again. Kubernetes' names
 * have no underscore, so the three parts cannot run into each other.
 *
 * @param id what all names start with
 */
public record ChainNames(String id) {
  /** Key-value bucket of who has which database session, one for all migrations. */
  public static final String SLOTS_BUCKET = "drover_slots";

  private static final int READABLE = 35;

  /** The names of a migration. */
  public static ChainNames of(String namespace, String name, String uid) {
    return new ChainNames(
        cut(namespace) + "_" + cut(name) + "_" + Fingerprints.of(namespace, name, uid));
  }

  private static String cut(String name) {
    String plain = name.replace('.', '-');
    return plain.length() <= READABLE ? plain : plain.substring(0, READABLE);
  }

  /** Key-value bucket of specs, plans, schemas and checkpoints. */
  public String stateBucket() {
    return id + "_state";
  }

  /** Stream of splits to be read; work queue. */
  public String splitsStream() {
    return id + "_splits";
  }

  /** Subject of one split of an extract stage. */
  public String splitSubject(String stage, String split) {
    return subject("splits", stage) + "." + split;
  }

  /** Stream of a stage's output. */
  public String queueStream(String stage) {
    return id + "_q_" + stage;
  }

  /** Subject of one batch of a stage's output. */
  public String queueSubject(String stage, String batch) {
    return subject("q", stage) + "." + batch;
  }

  /** Stream of records that are sent again; work queue, a subject a stage. */
  public String retriesStream() {
    return id + "_retries";
  }

  /** Subject of records that are sent again to a stage. */
  public String retrySubject(String stage) {
    return subject("retries", stage);
  }

  /** Stream of records that wait for what they point to; work queue, a subject a stage. */
  public String waitingStream() {
    return id + "_waiting";
  }

  /** Subject of the records that wait at a stage. */
  public String waitingSubject(String stage) {
    return subject("waiting", stage);
  }

  /** Stream of failed records. */
  public String errorsStream() {
    return id + "_errors";
  }

  /** Subject of the failed records of a stage with one cause. */
  public String errorSubject(String stage, String fingerprint) {
    return subject("errors", stage) + "." + fingerprint;
  }

  /** Stream of decisions. */
  public String decisionsStream() {
    return id + "_decisions";
  }

  /** Subject of a stage's decision about a batch. */
  public String decisionSubject(String stage, String batch) {
    return subject("decisions", stage) + "." + batch;
  }

  /** Stream of replays and waivers that were asked for: each failed record at most once. */
  public String journalStream() {
    return id + "_journal";
  }

  /** Subject of the journal's entries for a block of failed records. */
  public String journalSubject(long block) {
    return subject("journal", Long.toString(block));
  }

  /** Everything under one kind, for a stream's or a consumer's filter. */
  public String all(String kind) {
    return "drover." + id + "." + kind + ".>";
  }

  /** A kind's subjects of one stage, for a stream's or a consumer's filter. */
  public String allOf(String kind, String stage) {
    return subject(kind, stage) + ".>";
  }

  private String subject(String kind, String token) {
    return "drover." + id + "." + kind + "." + token;
  }

  /** Durable consumer of a stage, on whichever stream. */
  public static String consumer(String stage) {
    return stage;
  }
}
