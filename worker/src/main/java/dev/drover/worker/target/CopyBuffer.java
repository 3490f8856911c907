package dev.drover.worker.target;

import java.util.Arrays;

/**
 * Bytes of {@code COPY}'s text format, growing, reusable. Hot: one call a value, no garbage. Not
 * thread-safe.
 */
final class CopyBuffer {
  private static final byte[] HEX = {
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'
  };

  private byte[] bytes;
  private int length;

  CopyBuffer(int capacity) {
    this.bytes = new byte[capacity];
  }

  /** The bytes, of which the first {@link #length} count; replaced when the buffer grows. */
  byte[] bytes() {
    return bytes;
  }

  int length() {
    return length;
  }

  void clear() {
    length = 0;
  }

  void separator() {
    reserve(1);
    bytes[length++] = '\t';
  }

  void endOfRow() {
    reserve(1);
    bytes[length++] = '\n';
  }

  void nothing() {
    reserve(2);
    bytes[length++] = '\\';
    bytes[length++] = 'N';
  }

  void number(long value) {
    reserve(20);
    if (value == Long.MIN_VALUE) {
      ascii("-9223372036854775808");
      return;
    }
    long rest = value;
    if (rest < 0) {
      bytes[length++] = '-';
      rest = -rest;
    }
    int digits = 1;
    for (long bound = 10; digits < 19 && rest >= bound; bound *= 10) {
      digits++;
    }
    int at = length + digits;
    length = at;
    do {
      bytes[--at] = (byte) ('0' + rest % 10);
      rest /= 10;
    } while (rest != 0);
  }

  /** Text without anything to escape. */
  void ascii(CharSequence text) {
    int size = text.length();
    reserve(size);
    for (int i = 0; i < size; i++) {
      bytes[length++] = (byte) text.charAt(i);
    }
  }

  void hex(byte[] value) {
    reserve(2L * value.length + 3);
    bytes[length++] = '\\';
    bytes[length++] = '\\';
    bytes[length++] = 'x';
    for (byte b : value) {
      bytes[length++] = HEX[(b >> 4) & 15];
      bytes[length++] = HEX[b & 15];
    }
  }

  /**
   * Any text, in UTF-8. What has no UTF-8 form (half a surrogate pair, NUL) is written so that the
   * server refuses it: it must not arrive as something else.
   */
  void text(String value) {
    int size = value.length();
    reserve(3L * size);
    byte[] out = bytes;
    int at = length;
    for (int i = 0; i < size; i++) {
      char c = value.charAt(i);
      if (c < 0x80) {
        if (c == '\\' || (c < ' ' && (c == '\n' || c == '\r' || c == '\t'))) {
          out[at++] = '\\';
          out[at++] = (byte) (c == '\n' ? 'n' : c == '\r' ? 'r' : c == '\t' ? 't' : '\\');
        } else {
          out[at++] = (byte) c;
        }
      } else if (c < 0x800) {
        out[at++] = (byte) (0xc0 | c >> 6);
        out[at++] = (byte) (0x80 | c & 63);
      } else if (isPair(value, i)) {
        int point = Character.toCodePoint(c, value.charAt(++i));
        out[at++] = (byte) (0xf0 | point >> 18);
        out[at++] = (byte) (0x80 | point >> 12 & 63);
        out[at++] = (byte) (0x80 | point >> 6 & 63);
        out[at++] = (byte) (0x80 | point & 63);
      } else {
        out[at++] = (byte) (0xe0 | c >> 12);
        out[at++] = (byte) (0x80 | c >> 6 & 63);
        out[at++] = (byte) (0x80 | c & 63);
      }
    }
    length = at;
  }

  /** Bytes that are in the format already. */
  void encoded(byte[] source, int from, int to) {
    reserve(to - from);
    System.arraycopy(source, from, bytes, length, to - from);
    length += to - from;
  }

  private static boolean isPair(String value, int i) {
    return Character.isHighSurrogate(value.charAt(i))
        && i + 1 < value.length()
        && Character.isLowSurrogate(value.charAt(i + 1));
  }

  private void reserve(long more) {
    long needed = length + more;
    if (needed > bytes.length) {
      if (needed > Integer.MAX_VALUE - 8) {
        throw new IllegalStateException(
            "more than 2 GiB in one load transaction: load less at once");
      }
      long grown = Math.max(needed, Math.min(2L * bytes.length, Integer.MAX_VALUE - 8));
      bytes = Arrays.copyOf(bytes, (int) grown);
    }
  }
}
