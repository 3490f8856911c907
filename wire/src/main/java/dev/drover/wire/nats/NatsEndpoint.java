package dev.drover.wire.nats;

import io.nats.client.Connection;
import io.nats.client.Nats;
import io.nats.client.Options;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.util.Map;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;

/**
 * Where NATS is and how to prove who we are.
 *
 * @param url {@code nats://host:port} or {@code tls://host:port}, several separated by commas
 * @param credentials file with a user's JWT and seed; null connects without
 * @param ca file with the PEM certificates that the server's must descend from; null trusts what
 *     the runtime trusts
 */
public record NatsEndpoint(String url, @Nullable Path credentials, @Nullable Path ca) {
  /**
   * The endpoint that an environment names: NATS_URL, NATS_CREDS_FILE and NATS_CA_FILE.
   *
   * @throws IllegalStateException if it names none
   */
  public static NatsEndpoint from(Map<String, String> environment) {
    String url = environment.get("NATS_URL");
    if (url == null || url.isBlank()) {
      throw new IllegalStateException(
          "NATS_URL is not set: name the NATS server, nats://host:4222");
    }
    return new NatsEndpoint(
        url, file(environment, "NATS_CREDS_FILE"), file(environment, "NATS_CA_FILE"));
  }

  private static @Nullable Path file(Map<String, String> environment, String variable) {
    String path = environment.get(variable);
    return path == null || path.isBlank() ? null : Path.of(path);
  }

  /**
   * Connects, and stays connected: a lost connection is sought again for ever.
   *
   * @param name what the server shows for this connection
   * @throws IOException if the server cannot be reached now
   */
  public Connection connect(String name) throws IOException, InterruptedException {
    try {
      return Nats.connect(options(name));
    } catch (IOException e) {
      // The client names the servers as they were given, with a password if one was in the URL.
      throw new IOException(withoutCredentials(String.valueOf(e.getMessage())));
    }
  }

  /** A text without the user and password of any URL in it; this endpoint's own, for messages. */
  public static String withoutCredentials(String text) {
    return text.replaceAll("//[^/@,\\s\\]]*@", "//");
  }

  private Options options(String name) throws IOException {
    Options.Builder options =
        new Options.Builder()
            .servers(url.split(","))
            .connectionName(name)
            .maxReconnects(-1)
            .reconnectWait(Duration.ofMillis(500))
            .pingInterval(Duration.ofSeconds(20))
            .connectionTimeout(Duration.ofSeconds(5))
            .dontForceFlushOnRequest()
            .reconnectBufferSize(0)
            .errorListener(new QuietErrors());
    if (credentials != null) {
      options.authHandler(Nats.credentials(credentials.toString()));
    }
    if (ca != null) {
      options.sslContext(trusting(ca));
    }
    return options.build();
  }

  private static SSLContext trusting(Path ca) throws IOException {
    try (InputStream pem = Files.newInputStream(ca)) {
      KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
      store.load(null, null);
      int index = 0;
      for (Certificate c : CertificateFactory.getInstance("X.509").generateCertificates(pem)) {
        store.setCertificateEntry("ca" + index++, c);
      }
      TrustManagerFactory trust =
          TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
      trust.init(store);
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(null, trust.getTrustManagers(), null);
      return context;
    } catch (GeneralSecurityException e) {
      throw new IOException("the CA file " + ca + " holds no usable PEM certificates", e);
    }
  }
}
