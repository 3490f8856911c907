package dev.drover.worker.postgres.source;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A record's key as one text, the form of {@link dev.drover.wire.batch.Row#key}: a key of one
 * column as it is, a composite one as a JSON array of texts.
 */
final class KeyText {
  private static final ObjectMapper JSON = new ObjectMapper();

  private KeyText() {}

  /**
   * The parts of a key.
   *
   * @param columns how many columns the key has
   * @return empty if the text is no key of so many columns
   */
  static Optional<List<String>> parse(String text, int columns) {
    if (columns == 1) {
      return Optional.of(List.of(text));
    }
    try {
      JsonNode array = JSON.readTree(text);
      List<String> parts = new ArrayList<>();
      array.forEach(part -> parts.add(part.textValue()));
      return array.isArray() && parts.size() == columns && !parts.contains(null)
          ? Optional.of(parts)
          : Optional.empty();
    } catch (JsonProcessingException e) {
      return Optional.empty();
    }
  }

  static String of(List<String> parts) {
    if (parts.size() == 1) {
      return parts.getFirst();
    }
    StringBuilder out = new StringBuilder(32).append('[');
    for (int i = 0; i < parts.size(); i++) {
      appendQuoted(out.append(i == 0 ? "" : ","), parts.get(i));
    }
    return out.append(']').toString();
  }

  private static void appendQuoted(StringBuilder out, String text) {
    out.append('"');
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '"' || c == '\\') {
        out.append('\\').append(c);
      } else if (c < ' ') {
        out.append("\\u00").append(c < 16 ? '0' : '1').append(Character.forDigit(c & 15, 16));
      } else {
        out.append(c);
      }
    }
    out.append('"');
  }
}
