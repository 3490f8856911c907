package dev.drover.wire.replay;

import dev.drover.wire.names.ChainNames;
import dev.drover.wire.state.WireJson;
import io.nats.client.Connection;
import io.nats.client.JetStreamApiException;
import io.nats.client.PublishOptions;
import io.nats.client.api.MessageGetRequest;
import io.nats.client.api.MessageInfo;
import java.io.IOException;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;

/**
 * What was asked for the failed records of one chain, each of them at most once, ever, whoever asks
 * and however many at a time. A block of records is a subject; its last entry tells which records
 * of the block are taken, and the next entry is written expecting that one to be the last still. So
 * thousands of records are claimed by one request, and nobody has to be the only sender.
 *
 * <p>Thread-safe. Every method throws {@link IOException} when NATS does not answer and {@link
 * JetStreamApiException} when it refuses.
 */
public final class Journal {
  private static final int NO_MESSAGE = 10037;
  private static final int WRONG_LAST_SEQUENCE = 10071;
  private static final int WRONG_LAST_SEQUENCE_CONSTANT = 10164;

  private final Connection nats;
  private final ChainNames names;

  /** The journal of a chain. */
  public Journal(Connection nats, ChainNames names) {
    this.nats = nats;
    this.names = names;
  }

  /**
   * A block as it was read.
   *
   * @param block which
   * @param last stream sequence of its last entry, by which the next one proves that it saw it
   * @param bits the records that are taken
   */
  public record Page(long block, long last, String bits) {
    /** Whether a record is taken. */
    public boolean has(long sequence) {
      return claimed().get(JournalBlock.index(sequence));
    }

    /** The records that are taken, as a bitmap of the block; a copy. */
    public BitSet claimed() {
      return JournalBlock.parse(bits);
    }
  }

  /** A block as it is now. */
  public Page page(long block) throws IOException, JetStreamApiException {
    return get(MessageGetRequest.lastForSubject(names.journalSubject(block)))
        .map(message -> new Page(block, message.getSeq(), entry(message).claimed()))
        .orElseGet(() -> new Page(block, 0, ""));
  }

  /**
   * Writes an entry.
   *
   * @param page the block as the entry was made for it
   * @return false if the block has changed since: nothing was written, unless by an earlier attempt
   *     whose answer was lost, which {@link #entries} would tell
   */
  public boolean append(Page page, JournalEntry entry) throws IOException, JetStreamApiException {
    try {
      nats.jetStream()
          .publish(
              names.journalSubject(page.block()),
              WireJson.bytes(entry),
              PublishOptions.builder().expectedLastSubjectSequence(page.last()).build());
      return true;
    } catch (JetStreamApiException e) {
      if (e.getApiErrorCode() == WRONG_LAST_SEQUENCE
          || e.getApiErrorCode() == WRONG_LAST_SEQUENCE_CONSTANT) {
        return false;
      }
      throw e;
    }
  }

  /**
   * The entry that a record is in, if any. As every entry names all that were taken by then, it is
   * the first that names the record, found by halves: a block may have thousands of entries.
   */
  public Optional<JournalEntry> entry(long sequence) throws IOException, JetStreamApiException {
    String subject = names.journalSubject(JournalBlock.of(sequence));
    Optional<MessageInfo> last = get(MessageGetRequest.lastForSubject(subject));
    if (last.isEmpty() || !entry(last.get()).hasSeen(sequence)) {
      return Optional.empty();
    }
    JournalEntry found = entry(last.get());
    long from = 1;
    long to = last.get().getSeq();
    while (from < to && !found.has(sequence)) {
      long middle = from + (to - from) / 2;
      MessageInfo next = get(MessageGetRequest.nextForSubject(middle, subject)).orElseThrow();
      JournalEntry entry = entry(next);
      if (entry.hasSeen(sequence)) {
        found = entry;
        to = middle;
      } else {
        from = next.getSeq() + 1;
      }
    }
    return Optional.of(found);
  }

  /** All entries of a block, in the order in which they were written. */
  public List<JournalEntry> entries(long block) throws IOException, JetStreamApiException {
    return from(names.journalSubject(block));
  }

  /** All entries, in the order in which they were written. */
  public List<JournalEntry> entries() throws IOException, JetStreamApiException {
    return from(names.all("journal"));
  }

  private List<JournalEntry> from(String subject) throws IOException, JetStreamApiException {
    List<JournalEntry> entries = new ArrayList<>();
    Optional<MessageInfo> next = get(MessageGetRequest.firstForSubject(subject));
    while (next.isPresent()) {
      entries.add(entry(next.get()));
      next = get(MessageGetRequest.nextForSubject(next.get().getSeq() + 1, subject));
    }
    return entries;
  }

  private Optional<MessageInfo> get(MessageGetRequest request)
      throws IOException, JetStreamApiException {
    try {
      return Optional.of(nats.jetStreamManagement().getMessage(names.journalStream(), request));
    } catch (JetStreamApiException e) {
      if (e.getApiErrorCode() == NO_MESSAGE) {
        return Optional.empty();
      }
      throw e;
    }
  }

  private static JournalEntry entry(MessageInfo message) {
    return WireJson.parse(message.getData(), JournalEntry.class);
  }
}
