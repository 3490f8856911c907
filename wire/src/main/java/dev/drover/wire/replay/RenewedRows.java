package dev.drover.wire.replay;

import dev.drover.wire.state.WireJson;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * Records that are sent again as they were made from the source's rows. They are kept in the state
 * bucket from before the journal claims them until they are decided, so that a batch which has to
 * be sent once more has the same bytes, whatever the source holds by then. Stored as the length of
 * the head (4 bytes, big endian), the head in JSON, then the rows.
 *
 * @param schema fingerprint of the rows' schema
 * @param revision chain revision by whose rules they were made
 * @param fromExtract whether an extract had set them aside, so that they go into its queue; else
 *     into the retries of their stage
 * @param rows in the order of the entry's records, in the encoding of the schema
 */
public record RenewedRows(String schema, String revision, boolean fromExtract, byte[] rows) {
  private record Head(String schema, String revision, boolean fromExtract) {}

  /**
   * The key of a Redrive's rows in the state bucket.
   *
   * @param uid the Redrive's
   * @param name of its own for each batch and each attempt to claim it
   */
  public static String key(String uid, String name) {
    return "redrive." + uid + ".rows." + name;
  }

  /** All such keys of a Redrive, with a wildcard. */
  public static String keys(String uid) {
    return key(uid, ">");
  }

  /** This as a value of the state bucket. */
  public byte[] toBytes() {
    byte[] head = WireJson.bytes(new Head(schema, revision, fromExtract));
    return ByteBuffer.allocate(4 + head.length + rows.length)
        .putInt(head.length)
        .put(head)
        .put(rows)
        .array();
  }

  /** Reads what {@link #toBytes} gave. */
  public static RenewedRows parse(byte[] value) {
    int length = ByteBuffer.wrap(value).getInt();
    Head head = WireJson.parse(Arrays.copyOfRange(value, 4, 4 + length), Head.class);
    return new RenewedRows(
        head.schema(),
        head.revision(),
        head.fromExtract(),
        Arrays.copyOfRange(value, 4 + length, value.length));
  }
}
