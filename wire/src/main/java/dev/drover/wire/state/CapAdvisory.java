package dev.drover.wire.state;

/**
 * Whether the server of a connection shows its sessions to who has one, so that those of a worker
 * that was killed are known to be gone. Written by workers under {@code advisory.<connection>}; as
 * long as nothing is there it does, or nobody has connected.
 *
 * @param listed false behind a proxy that answers for the server, or with several hosts
 */
public record CapAdvisory(boolean listed) {
  /** What the keys begin with. */
  public static final String KEYS = "advisory.";

  /** The key of what is known of a connection. */
  public static String key(String connection) {
    return KEYS + connection;
  }
}
