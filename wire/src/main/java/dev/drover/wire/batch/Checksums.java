package dev.drover.wire.batch;

import java.util.HexFormat;
import java.util.zip.CRC32C;

/** Tells whether a message that comes again has the bytes that were decided about. */
public final class Checksums {
  private Checksums() {}

  /**
   * The CRC-32C of a message and its length, as 16 hex digits. Against accidents, not against
   * forgery: who writes to the queues is trusted. The processor computes it at memory speed.
   */
  public static String of(byte[] message) {
    CRC32C crc = new CRC32C();
    crc.update(message);
    return HexFormat.of().toHexDigits(crc.getValue() << 32 | message.length);
  }
}
