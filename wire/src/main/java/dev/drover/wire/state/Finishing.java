package dev.drover.wire.state;

/**
 * The finishing work of a load stage: indexes and foreign keys that were deferred, sequences,
 * statistics. The operator asks for it under {@code finish.<stage>} when the stage has decided all
 * it will get, and again when records that were sent again are loaded; a worker of the stage
 * answers with the same under {@code finished.<stage>} when it is done.
 *
 * @param loaded how many records the stage had loaded when it was asked for
 */
public record Finishing(long loaded) {
  /** The key of what is asked for. */
  public static String askedKey(String stage) {
    return "finish." + stage;
  }

  /** The key of what is done. */
  public static String doneKey(String stage) {
    return "finished." + stage;
  }
}
