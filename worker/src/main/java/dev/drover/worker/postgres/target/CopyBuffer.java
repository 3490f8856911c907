package dev.drover.worker.postgres.target;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * Bytes of {@code COPY}'s formats, growing, reusable. Hot: one call a value, no garbage. Not
 * thread-safe.
 */
final class CopyBuffer {
  private static final byte[] HEX = {
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'
  };

  private static final VarHandle SHORT =
      MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.BIG_ENDIAN);
  private static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

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

  void hex(byte[] source, int from, int to) {
    reserve(2L * (to - from) + 3);
    bytes[length++] = '\\';
    bytes[length++] = '\\';
    bytes[length++] = 'x';
    for (int i = from; i < to; i++) {
      bytes[length++] = HEX[(source[i] >> 4) & 15];
      bytes[length++] = HEX[source[i] & 15];
    }
  }

  /**
   * Any text in UTF-8. What the server cannot store, such as NUL, is left for it to refuse: it must
   * not arrive as something else.
   */
  void escaped(byte[] source, int from, int to) {
    reserve(2L * (to - from));
    byte[] out = bytes;
    int at = length;
    for (int i = from; i < to; i++) {
      byte c = source[i];
      if (c == '\\' || c == '\n' || c == '\r' || c == '\t') {
        out[at++] = '\\';
        out[at++] = (byte) (c == '\n' ? 'n' : c == '\r' ? 'r' : c == '\t' ? 't' : '\\');
      } else {
        out[at++] = c;
      }
    }
    length = at;
  }

  void int1(int value) {
    reserve(1);
    bytes[length++] = (byte) value;
  }

  void int2(int value) {
    reserve(2);
    SHORT.set(bytes, length, (short) value);
    length += 2;
  }

  void int4(int value) {
    reserve(4);
    INT.set(bytes, length, value);
    length += 4;
  }

  void int8(long value) {
    reserve(8);
    LONG.set(bytes, length, value);
    length += 8;
  }

  /** Replaces what was written at an offset. */
  void int2At(int offset, int value) {
    SHORT.set(bytes, offset, (short) value);
  }

  /** Replaces what was written at an offset. */
  void int4At(int offset, int value) {
    INT.set(bytes, offset, value);
  }

  /** Takes back what was written from an offset on. */
  void truncate(int offset) {
    length = offset;
  }

  /** Bytes that are in the format already. */
  void encoded(byte[] source, int from, int to) {
    reserve(to - from);
    System.arraycopy(source, from, bytes, length, to - from);
    length += to - from;
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
