package dev.drover.worker.postgres.session;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketOption;
import javax.net.SocketFactory;
import jdk.net.ExtendedSocketOptions;

/**
 * Sockets to a database that notice within half a minute that its machine is gone without a word,
 * while an answer is waited for: the other side's kernel acknowledges a keep-alive however long a
 * COPY or the building of an index takes. What was sent and not acknowledged is not covered by
 * keep-alives; for that the system's limit of retransmissions holds. Thread-safe; public because
 * the driver makes it by its name.
 */
public final class KeepAliveSockets extends SocketFactory {
  private static final int IDLE_SECONDS = 10;
  private static final int INTERVAL_SECONDS = 5;
  private static final int PROBES = 4;

  private final SessionLine line;

  /** Sockets for the session of a line, by its token. */
  public KeepAliveSockets(String token) {
    this.line = SessionLine.of(token);
  }

  @Override
  public Socket createSocket() throws IOException {
    Socket socket = line.socket();
    try {
      socket.setKeepAlive(true);
      set(socket, ExtendedSocketOptions.TCP_KEEPIDLE, IDLE_SECONDS);
      set(socket, ExtendedSocketOptions.TCP_KEEPINTERVAL, INTERVAL_SECONDS);
      set(socket, ExtendedSocketOptions.TCP_KEEPCOUNT, PROBES);
    } catch (IOException e) {
      socket.close();
      throw e; // of a new socket only if there are no descriptors left
    }
    return socket;
  }

  private static void set(Socket socket, SocketOption<Integer> option, int value)
      throws IOException {
    if (socket.supportedOptions().contains(option)) {
      socket.setOption(option, value);
    }
  }

  @Override
  public Socket createSocket(String host, int port) {
    throw connected();
  }

  @Override
  public Socket createSocket(String host, int port, InetAddress local, int localPort) {
    throw connected();
  }

  @Override
  public Socket createSocket(InetAddress host, int port) {
    throw connected();
  }

  @Override
  public Socket createSocket(InetAddress host, int port, InetAddress local, int localPort) {
    throw connected();
  }

  private static UnsupportedOperationException connected() {
    return new UnsupportedOperationException("the driver connects its sockets itself");
  }
}
