package dev.drover.worker.source;

import java.util.List;

/**
 * A record's key as one text, the form of {@link dev.drover.wire.batch.Row#key}: a key of one
 * column as it is, a composite one as a JSON array of texts.
 */
final class KeyText {
  private KeyText() {}

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
