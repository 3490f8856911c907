package dev.drover.worker.postgres.session;

import java.io.ByteArrayInputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * A pooler before {@link PostgresServer}. In transaction mode as bad as they come: each transaction
 * of a client runs in the other one of two sessions of the server, and what the first has been told
 * the second does not know.
 */
public final class Pooler implements AutoCloseable {
  private static final int CODES_OF_REQUESTS = 80877102;
  private static final int NO_PROCESS_OF_THE_SERVER = 1 << 30;

  /** To what a client gets a session of the server. */
  public enum Mode {
    /** For as long as it is connected. */
    Session,
    /** For one transaction. */
    Transaction
  }

  private final Mode mode;
  private final ServerSocket door;
  private final int serverPort;
  private final List<Socket> sockets = new CopyOnWriteArrayList<>();

  /** A pooler before the server of a URL. */
  public Pooler(Mode mode, String url) throws IOException {
    this.mode = mode;
    serverPort = Integer.parseInt(url.replaceFirst(".*:([0-9]+)/.*", "$1"));
    door = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    Thread.ofVirtual().start(this::welcome);
  }

  /** The same database by way of the pooler. */
  public String url(String url) {
    return url.replace(":" + serverPort + "/", ":" + door.getLocalPort() + "/");
  }

  private void welcome() {
    while (!door.isClosed()) {
      try {
        Socket client = door.accept();
        sockets.add(client);
        client.setTcpNoDelay(true);
        Thread.ofVirtual().start(() -> quietly(() -> new Client(client).serve()));
      } catch (IOException e) {
        return;
      }
    }
  }

  /** What may end with the connection. */
  private interface Talk {
    void talk() throws IOException;
  }

  private static void quietly(Talk talk) {
    try {
      talk.talk();
    } catch (EOFException | SocketException e) {
      // One of the two has gone.
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void close() throws IOException {
    door.close();
    for (Socket socket : sockets) {
      socket.close();
    }
  }

  private final class Client {
    private final DataInputStream from;
    private final DataOutputStream to;
    private final List<Socket> sessions = new ArrayList<>();
    private volatile int current;

    Client(Socket client) throws IOException {
      from = new DataInputStream(client.getInputStream());
      to = new DataOutputStream(client.getOutputStream());
    }

    void serve() throws IOException {
      byte[] startup = startup();
      for (int i = 0; i < 2; i++) {
        Socket session = new Socket(InetAddress.getLoopbackAddress(), serverPort);
        sockets.add(session);
        session.setTcpNoDelay(true);
        sessions.add(session);
        DataOutputStream out = new DataOutputStream(session.getOutputStream());
        out.writeInt(startup.length + 4);
        out.write(startup);
        begin(new DataInputStream(session.getInputStream()), i == 0);
      }
      for (int i = 0; i < 2; i++) {
        int number = i;
        Thread.ofVirtual().start(() -> quietly(() -> answer(number)));
      }
      while (true) {
        byte type = from.readByte();
        byte[] body = body(from);
        send(new DataOutputStream(sessions.get(current).getOutputStream()), type, body);
      }
    }

    /** Requests for encryption, which is refused, come before it. */
    private byte[] startup() throws IOException {
      while (true) {
        byte[] body = body(from);
        int code = new DataInputStream(new ByteArrayInputStream(body)).readInt();
        if (code < CODES_OF_REQUESTS) {
          return body;
        }
        to.writeByte('N');
        to.flush();
      }
    }

    private void begin(DataInputStream session, boolean told) throws IOException {
      byte type;
      do {
        type = session.readByte();
        byte[] body = body(session);
        if (type == 'K') {
          body[0] = (byte) (body[0] | NO_PROCESS_OF_THE_SERVER >>> 24);
        }
        if (told) {
          send(to, type, body);
        }
      } while (type != 'Z');
    }

    private void answer(int number) throws IOException {
      DataInputStream session = new DataInputStream(sessions.get(number).getInputStream());
      while (true) {
        byte type = session.readByte();
        byte[] body = body(session);
        if (mode == Mode.Transaction && type == 'Z' && body[0] == 'I') {
          current = 1 - number;
        }
        send(to, type, body);
      }
    }

    private static byte[] body(DataInputStream in) throws IOException {
      return in.readNBytes(in.readInt() - 4);
    }

    private static void send(DataOutputStream out, byte type, byte[] body) throws IOException {
      byte[] message = new byte[body.length + 5];
      message[0] = type;
      ByteBuffer.wrap(message).putInt(1, body.length + 4);
      System.arraycopy(body, 0, message, 5, body.length);
      out.write(message);
      out.flush();
    }
  }
}
