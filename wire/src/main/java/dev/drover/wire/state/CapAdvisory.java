package dev.drover.wire.state;

/**
 * How far the cap of a connection can be relied upon. Written by workers under {@code
 * advisory.<connection>}; as long as nothing is there it holds, or nobody has connected.
 *
 * @param listed whether the server shows its sessions to who has one, so that those of a worker
 *     that was killed are known to be gone: false behind a proxy that answers for the server, or
 *     with several hosts
 * @param shared whether another installation of Drover has sessions of the same login, which nobody
 *     counts with those of this one
 */
public record CapAdvisory(boolean listed, boolean shared) {
  /** What the keys begin with. */
  public static final String KEYS = "advisory.";

  /** Of a cap that holds. */
  public static final CapAdvisory FIRM = new CapAdvisory(true, false);

  /** The key of what is known of a connection. */
  public static String key(String connection) {
    return KEYS + connection;
  }
}
