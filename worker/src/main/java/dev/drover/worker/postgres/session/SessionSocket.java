package dev.drover.worker.postgres.session;

import java.io.FilterInputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A socket that is closed only when the server has closed its end, or has not within a time. A
 * PostgreSQL session leaves the server's list before its process ends, and the process keeps its
 * end of the socket open until then: so what a client sees closed is gone. The driver itself would
 * close at once, while the session still is there for a moment.
 */
final class SessionSocket extends Socket {
  private static final Logger LOG = LoggerFactory.getLogger(SessionSocket.class);
  private static final Duration PATIENCE = Duration.ofSeconds(3);

  private final SessionLine line;
  private final ReentrantLock reading = new ReentrantLock();
  private final AtomicBoolean closing = new AtomicBoolean();
  private volatile boolean ended;
  private boolean terminated;
  private @Nullable InputStream in;
  private @Nullable OutputStream out;

  SessionSocket(SessionLine line) {
    this.line = line;
  }

  @Override
  public void connect(SocketAddress server, int timeoutMillis) throws IOException {
    line.check();
    super.connect(server, timeoutMillis);
  }

  @Override
  public synchronized InputStream getInputStream() throws IOException {
    if (in == null) {
      in = new Input(super.getInputStream());
    }
    return in;
  }

  @Override
  public synchronized OutputStream getOutputStream() throws IOException {
    if (out == null) {
      out = new Output(super.getOutputStream());
    }
    return out;
  }

  /**
   * Does nothing: TLS over this socket ends by it, and then the end of what comes would be its own
   * doing and not the server's.
   */
  @Override
  public void shutdownInput() {}

  @Override
  public void close() throws IOException {
    if (!closing.compareAndSet(false, true)) {
      return;
    }
    boolean connected = isConnected();
    if (connected && !ended) {
      end();
    }
    try {
      super.close();
    } finally {
      line.closed(this, !connected || ended);
    }
  }

  /** Says that nothing more is sent, and waits for the server's end. */
  private void end() {
    try {
      if (!isOutputShutdown()) { // by TLS
        shutdownOutput();
      }
    } catch (IOException e) {
      LOG.debug("the server cannot be told that a session ends", e);
    }
    awaitEnd();
  }

  /** Reads until the server is gone; what comes is dropped. */
  private void awaitEnd() {
    long until = System.nanoTime() + PATIENCE.toNanos();
    // Also who is interrupted waits: a session that is not seen to end costs others its slot.
    boolean interrupted = Thread.interrupted();
    try {
      InputStream rest = super.getInputStream();
      byte[] scratch = new byte[8192];
      for (long left = PATIENCE.toNanos(); left > 0 && !ended; left = until - System.nanoTime()) {
        // Who reads in another thread will be told the end.
        try {
          if (!reading.tryLock(Math.min(left, 50_000_000L), TimeUnit.NANOSECONDS)) {
            continue;
          }
        } catch (InterruptedException e) {
          interrupted = true;
          continue;
        }
        try {
          setSoTimeout((int) Math.max(1, left / 1_000_000));
          ended |= rest.read(scratch) < 0;
        } finally {
          reading.unlock();
        }
      }
    } catch (IOException e) {
      LOG.debug("the end of a session was not seen", e);
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private final class Input extends FilterInputStream {
    Input(InputStream in) {
      super(in);
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] buffer, int offset, int length) throws IOException {
      reading.lock();
      try {
        int read = in.read(buffer, offset, length);
        if (read < 0) {
          ended = true;
        }
        return read;
      } finally {
        reading.unlock();
      }
    }
  }

  private final class Output extends FilterOutputStream {
    Output(OutputStream out) {
      super(out);
    }

    @Override
    public void write(int b) throws IOException {
      write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] buffer, int offset, int length) throws IOException {
      line.check();
      if (line.isClosing()) {
        // The first is the driver's, and ends the session. What TLS has to say to a server that is
        // gone would be answered by a reset, which may come from anybody, and hides the end.
        if (terminated) {
          awaitEnd();
        }
        terminated = true;
        if (ended) {
          return;
        }
      }
      out.write(buffer, offset, length);
    }
  }
}
