package dev.drover.wire.plan;

import dev.drover.wire.schema.Fingerprints;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * What sessions are counted by: servers and login. Pure.
 *
 * @param hash 10 hex digits of both
 * @param single whether there is one server: of several, none lists the sessions of all
 */
public record EndpointId(String hash, boolean single) {
  private static final int HASH = 10;

  /**
   * The endpoint of a URL. A host's name without a dot is looked up in the namespace first, as
   * Kubernetes does; the ways to write a Service's name are one.
   *
   * @param url {@code jdbc:postgresql://host:port/database?options}, or a form of it that the
   *     driver takes
   */
  public static EndpointId of(String namespace, String url, String login) {
    String rest = url.replaceFirst("^jdbc:postgresql:", "");
    String authority = rest.startsWith("//") ? rest.substring(2).split("[/?]", 2)[0] : "localhost";
    String[] hosts = authority.split(",", -1);
    String servers =
        Arrays.stream(hosts)
            .map(host -> server(namespace, host))
            .sorted()
            .collect(Collectors.joining(","));
    return new EndpointId(Fingerprints.of(servers, login).substring(0, HASH), hosts.length == 1);
  }

  /** {@code host:port}. */
  private static String server(String namespace, String written) {
    int colon = written.lastIndexOf(':');
    boolean hasPort = colon >= 0 && colon > written.lastIndexOf(']');
    String host = hasPort ? written.substring(0, colon) : written;
    String port = hasPort ? written.substring(colon + 1) : "5432";
    String plain =
        host.toLowerCase(Locale.ROOT)
            .replaceFirst("\\.$", "")
            .replaceFirst("\\.svc(\\.cluster\\.local)?$", "");
    if (plain.isEmpty() || plain.equals("127.0.0.1") || plain.equals("[::1]")) {
      plain = "localhost";
    }
    boolean inNamespace = plain.indexOf('.') < 0 && plain.indexOf(':') < 0;
    return (inNamespace ? plain + "." + namespace : plain) + ":" + port;
  }
}
