package dev.drover.worker.lookup;

import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A URL with {@code {field}} in its path or query. Values are percent-encoded but for letters,
 * digits and {@code -._~}, so that none can become another path, another parameter or another
 * server. Immutable.
 */
final class UrlTemplate {
  private static final Pattern SHAPE =
      Pattern.compile("(https?://[^/?#@{}\\s]+)(/[^?#]*)(\\?[^#]*)?");
  private static final Pattern FIELD = Pattern.compile("\\{([^{}]+)}");
  private static final Set<String> ELSEWHERE = Set.of("", ".", "..");

  /** A character of no URL. */
  private static final String MARK = "\0";

  private final String origin;
  private final String path;
  private final String query;
  private final List<String> fields;

  private UrlTemplate(String origin, String path, String query, List<String> fields) {
    this.origin = origin;
    this.path = path;
    this.query = query;
    this.fields = fields;
  }

  /** A value that no URL of the template can carry; the message names no value. */
  static final class UnfitValueException extends Exception {
    private static final long serialVersionUID = 1L;

    UnfitValueException(String message) {
      super(message);
    }
  }

  static UrlTemplate parse(String url) throws LookupRefusedException {
    Matcher shape = SHAPE.matcher(url);
    if (!shape.matches()) {
      throw refused("write https://host[:port]/path, without user, password, spaces or #");
    }
    String query = shape.group(3) == null ? "" : shape.group(3);
    Set<String> fields = new LinkedHashSet<>();
    FIELD.matcher(url).results().forEach(r -> fields.add(r.group(1)));
    if (fields.isEmpty()) {
      throw refused(
          "no field of the record is named, so that all would get the same: write {field} where its value belongs, such as /customers/{id}");
    }
    UrlTemplate template =
        new UrlTemplate(shape.group(1), shape.group(2), query, List.copyOf(fields));
    String example = FIELD.matcher(url).replaceAll("x");
    if (example.indexOf('{') >= 0 || example.indexOf('}') >= 0) {
      throw refused("a brace is not closed, or stands alone: write {field}, or %7B for a brace");
    }
    try {
      if (new URI(example).getHost() == null) {
        throw refused("the host is no name or address");
      }
      template.with(field -> "x");
    } catch (URISyntaxException e) {
      throw refused("it is no URL: " + e.getReason());
    } catch (UnfitValueException e) {
      throw refused(String.valueOf(e.getMessage()));
    }
    return template;
  }

  private static LookupRefusedException refused(String message) {
    return new LookupRefusedException("http.url", message);
  }

  /** The fields that it names, each once, in order of their first mention. */
  List<String> fields() {
    return fields;
  }

  /**
   * The URL for a key.
   *
   * @param value of a field, as text
   * @throws UnfitValueException if a part of the path would be empty, or lead elsewhere
   */
  URI with(UnaryOperator<String> value) throws UnfitValueException {
    for (String field : pathFields()) {
      String[] within = value.apply(field).split("[/\\\\]", -1);
      for (String part : within) {
        // Some servers decode a path before they walk along it.
        if (within.length > 1 && (part.equals("..") || part.equals("."))) {
          throw new UnfitValueException(
              "a value would lead to another path: it has a . or .. between slashes");
        }
      }
    }
    String filled = fill(path, value);
    String[] parts = filled.split("/", -1);
    String[] named = FIELD.matcher(path).replaceAll(MARK).split("/", -1);
    for (int i = 1; i < parts.length; i++) {
      if (named[i].contains(MARK) && ELSEWHERE.contains(parts[i])) {
        throw new UnfitValueException(
            "a part of the URL's path would be empty, . or .., which is another path");
      }
      if (parts[i].equals(".") || parts[i].equals("..")) {
        throw new UnfitValueException("leave . and .. out of the path");
      }
    }
    return URI.create(URI.create(origin + filled + fill(query, value)).toASCIIString());
  }

  private List<String> pathFields() {
    return FIELD.matcher(path).results().map(m -> m.group(1)).distinct().toList();
  }

  private static String fill(String text, UnaryOperator<String> value) {
    return FIELD
        .matcher(text)
        .replaceAll(m -> Matcher.quoteReplacement(encode(value.apply(m.group(1)))));
  }

  private static String encode(String text) {
    StringBuilder encoded = new StringBuilder(text.length() + 16);
    for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
      char c = (char) (b & 0xff);
      if ((c >= 'a' && c <= 'z')
          || (c >= 'A' && c <= 'Z')
          || (c >= '0' && c <= '9')
          || "-._~".indexOf(c) >= 0) {
        encoded.append(c);
      } else {
        encoded.append('%').append("%02X".formatted((int) c));
      }
    }
    return encoded.toString();
  }
}
