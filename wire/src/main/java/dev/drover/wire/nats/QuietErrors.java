package dev.drover.wire.nats;

import io.nats.client.Connection;
import io.nats.client.ErrorListener;

/**
 * Hears of a connection's errors without a line for each attempt to reconnect, of which there are
 * two a second while NATS is away: whoever asks something of NATS gets an exception and says so.
 * What nobody else would notice, a refused permission say, is logged. Thread-safe.
 */
final class QuietErrors implements ErrorListener {
  private static final System.Logger LOG = System.getLogger("dev.drover.nats");

  @Override
  public void errorOccurred(Connection connection, String error) {
    LOG.log(System.Logger.Level.WARNING, "NATS says: {0}", error);
  }

  @Override
  public void exceptionOccurred(Connection connection, Exception exception) {
    LOG.log(System.Logger.Level.DEBUG, "while talking to NATS", exception);
  }
}
