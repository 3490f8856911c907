package dev.drover.worker.lookup;

import dev.drover.wire.plan.HttpFiles;
import dev.drover.wire.plan.LookupSpec;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpClient.Redirect;
import java.net.http.HttpClient.Version;
import java.net.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Pattern;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;

/**
 * How the server of a lookup is reached: by whom it is trusted and with which headers. Both are
 * read from files again and again, so that what is rotated needs no restart. Used by one thread.
 */
final class HttpServerEndpoint implements AutoCloseable {
  private static final Duration CONNECT_WITHIN = Duration.ofSeconds(10);

  /** What a header's value may hold; else the client would quote it in what it throws. */
  private static final Pattern VALUE = Pattern.compile("[!-~]([\\t -~]*[!-~])?");

  private final LookupSpec.Http spec;
  private final HttpFiles files;
  private byte @Nullable [] trusted;
  private @Nullable HttpClient client;

  HttpServerEndpoint(LookupSpec.Http spec, HttpFiles files) {
    this.spec = spec;
    this.files = files;
  }

  /** A file of the pod holds nothing that can be used; the message names it, not what it holds. */
  static final class UnusableFileException extends Exception {
    private static final long serialVersionUID = 1L;

    UnusableFileException(String message) {
      super(message);
    }
  }

  /** A client, with the certificates that are trusted now. */
  HttpClient client() throws UnusableFileException {
    byte[] now = spec.ownCa() ? read(files.ca(), "the CA's certificates") : new byte[0];
    HttpClient known = client;
    if (known != null && Arrays.equals(now, trusted)) {
      return known;
    }
    HttpClient.Builder builder =
        HttpClient.newBuilder()
            .version(Version.HTTP_1_1)
            .followRedirects(Redirect.NEVER)
            .connectTimeout(CONNECT_WITHIN);
    if (spec.ownCa()) {
      builder.sslContext(trusting(now));
    }
    close();
    HttpClient made = builder.build();
    client = made;
    trusted = now;
    return made;
  }

  /** The headers of each request, with the secrets that are there now. */
  Map<String, String> headers() throws UnusableFileException {
    Map<String, String> headers = new LinkedHashMap<>();
    for (LookupSpec.Header header : spec.headers()) {
      String value = header.value();
      if (value == null) {
        byte[] bytes = read(files.header(header.name()), "header " + header.name());
        value = new String(bytes, StandardCharsets.UTF_8).strip();
      }
      if (!VALUE.matcher(value).matches()) {
        throw new UnusableFileException(
            "the value of header %s is empty or holds characters that no header can: write it anew"
                .formatted(header.name()));
      }
      headers.put(header.name(), value);
    }
    return headers;
  }

  /** A request's beginning, with these headers. */
  static HttpRequest.Builder request(Map<String, String> headers) {
    HttpRequest.Builder request = HttpRequest.newBuilder().GET();
    request.setHeader("Accept", "application/json");
    request.setHeader("User-Agent", "drover");
    headers.forEach(request::setHeader);
    return request;
  }

  private static byte[] read(Path file, String what) throws UnusableFileException {
    try {
      return Files.readAllBytes(file);
    } catch (IOException e) {
      throw new UnusableFileException(
          "cannot read %s from %s: see the Secret that the spec names".formatted(what, file));
    }
  }

  private static SSLContext trusting(byte[] pem) throws UnusableFileException {
    try {
      KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
      store.load(null, null);
      int n = 0;
      for (Certificate certificate :
          CertificateFactory.getInstance("X.509")
              .generateCertificates(new ByteArrayInputStream(pem))) {
        store.setCertificateEntry("ca-" + n++, certificate);
      }
      if (n == 0) {
        throw new UnusableFileException("the CA's Secret holds no certificate in PEM");
      }
      TrustManagerFactory trust =
          TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
      trust.init(store);
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(null, trust.getTrustManagers(), null);
      return context;
    } catch (GeneralSecurityException | IOException e) {
      throw new UnusableFileException("the CA's Secret holds no certificates in PEM");
    }
  }

  @Override
  public void close() {
    if (client != null) {
      client.shutdownNow();
      client = null;
    }
  }
}
