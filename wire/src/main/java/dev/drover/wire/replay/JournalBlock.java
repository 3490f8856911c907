package dev.drover.wire.replay;

import java.util.Base64;
import java.util.BitSet;
import java.util.Collection;
import java.util.List;

/**
 * The journal keeps failed records in blocks of {@value #SIZE} error sequences: a block has one
 * subject, and a set of its records is a bitmap of at most a KiB. Pure.
 */
public final class JournalBlock {
  /** Error sequences in a block. */
  public static final int SIZE = 8192;

  private JournalBlock() {}

  /** The block of an error sequence. */
  public static long of(long sequence) {
    return sequence / SIZE;
  }

  /** The place of an error sequence in its block, from 0. */
  public static int index(long sequence) {
    return (int) (sequence % SIZE);
  }

  static BitSet bits(Collection<Long> sequences) {
    BitSet bits = new BitSet();
    sequences.forEach(sequence -> bits.set(index(sequence)));
    return bits;
  }

  static List<Long> sequences(long block, BitSet bits) {
    return bits.stream().mapToObj(index -> block * SIZE + index).toList();
  }

  static String text(BitSet bits) {
    return Base64.getEncoder().withoutPadding().encodeToString(bits.toByteArray());
  }

  static BitSet parse(String text) {
    return BitSet.valueOf(Base64.getDecoder().decode(text));
  }
}
