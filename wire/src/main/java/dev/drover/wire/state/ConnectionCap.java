package dev.drover.wire.state;

/**
 * How many sessions a connection may have, as its Migration says now. Written by the operator under
 * {@code cap.<connection>}; without it what the chain's spec says counts, which is as old as the
 * spec's revision.
 *
 * @param maxConnections of all workers together, above 0
 */
public record ConnectionCap(int maxConnections) {
  /** The key of a connection's cap. */
  public static String key(String connection) {
    return "cap." + connection;
  }
}
