package dev.drover.operator.desk;

import static dev.drover.operator.chain.PlayedWorker.REVISION;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.drover.api.v1alpha1.FailedRecord;
import dev.drover.api.v1alpha1.Migration;
import dev.drover.api.v1alpha1.MigrationSpec;
import dev.drover.operator.chain.Chain;
import dev.drover.operator.chain.ChainRef;
import dev.drover.operator.chain.Chains;
import dev.drover.operator.chain.NatsLink;
import dev.drover.operator.chain.PlayedWorker;
import dev.drover.operator.chain.PlayedWorker.Judge;
import dev.drover.wire.failure.QueuedFailure;
import dev.drover.wire.names.ChainNames;
import dev.drover.wire.nats.NatsServer;
import dev.drover.wire.replay.Change;
import dev.drover.wire.replay.JournalEntry;
import io.nats.client.Connection;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What the desk finds in an error queue, on a real NATS server without a cluster. */
class ErrorQueueIT {
  private static final MigrationSpec.Queues QUEUES = new MigrationSpec.Queues("64Mi", 1);
  private static final Judge ODD = row -> PlayedWorker.cause("Odd");

  private static NatsServer server;

  private final ChainRef ref = new ChainRef("shop", "orders", UUID.randomUUID().toString());
  private final ChainNames names = ref.names();
  private NatsLink link;
  private Connection nats;
  private PlayedWorker worker;
  private ErrorQueue errors;

  @BeforeAll
  static void start() {
    server = NatsServer.start();
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  @BeforeEach
  void open() throws Exception {
    link = new NatsLink(server::endpoint);
    nats = server.connect();
    worker = new PlayedWorker(nats, names);
    errors = new ErrorQueue(link, names);
  }

  @AfterEach
  void close() throws Exception {
    nats.close();
    link.close();
  }

  /** Makes a chain whose load refuses so many records. */
  private void fail(int records) throws Exception {
    Chain chain = new Chains(link).of(ref);
    chain.publishSpec(REVISION, PlayedWorker.spec(), QUEUES);
    chain.ensureQueues(PlayedWorker.spec(), QUEUES);
    chain.advance(REVISION, PlayedWorker.spec(), PlayedWorker.plan(1, 0), false);
    worker.extract(1, records);
    worker.clean(Judge.PASS);
    worker.load(ODD);
    await().until(() -> errors.last() == records);
  }

  private JournalEntry claim(long sequence) {
    QueuedFailure failure = errors.at(sequence).orElseThrow();
    return new Journal(link, names)
        .write(
            sequence,
            page ->
                JournalEntry.of(
                    JournalEntry.Action.replay,
                    List.of(failure),
                    page,
                    Change.NONE,
                    new JournalEntry.By("Redrive", "all", "uid", 1),
                    "now"));
  }

  @Test
  void what_failed_again_is_found_and_known_to_be_gone_when_others_have_taken_it_up()
      throws Exception {
    fail(1);
    JournalEntry entry = claim(1);
    RetryQueue retries = new RetryQueue(link, names);
    QueuedFailure failure = errors.at(1).orElseThrow();
    retries.send(entry, failure, failure.message().row());
    worker.retry("load", ODD);
    await().until(() -> errors.last() == 2);
    Fate.FailedAgain again =
        (Fate.FailedAgain) Fate.of(entry.batch(), 0, batch -> retries.decision("load", batch));
    Instant now = Instant.now();

    assertThat(followUps().find(1, entry, again, now))
        .isInstanceOfSatisfying(
            FollowUps.Found.There.class,
            found -> assertThat(found.failure().sequence()).isEqualTo(2));

    claim(2);
    errors.delete(2);
    FollowUps late = followUps();
    assertThat(late.find(1, entry, again, now)).isEqualTo(new FollowUps.Found.NotYet());
    assertThat(late.find(1, entry, again, now.plusSeconds(60)))
        .isEqualTo(new FollowUps.Found.Gone());
  }

  @Test
  void what_failed_again_and_has_not_come_is_waited_for_however_long_that_takes() throws Exception {
    fail(1);
    JournalEntry entry = claim(1);
    RetryQueue retries = new RetryQueue(link, names);
    QueuedFailure failure = errors.at(1).orElseThrow();
    retries.send(entry, failure, failure.message().row());
    worker.retry("load", ODD);
    await().until(() -> errors.last() == 2);
    errors.delete(2); // as if the worker had died before it published
    Fate.FailedAgain again =
        (Fate.FailedAgain) Fate.of(entry.batch(), 0, batch -> retries.decision("load", batch));

    assertThat(followUps().find(1, entry, again, Instant.now().plusSeconds(60)))
        .isEqualTo(new FollowUps.Found.NotYet());
  }

  private FollowUps followUps() {
    return new FollowUps(errors, new Journal(link, names), ref, new Searches());
  }

  @Test
  void what_is_not_shown_is_found_behind_any_number_of_shown_ones() throws Exception {
    fail(1000);
    Migration migration = new Migration();
    String subject = errors.state().totals().keySet().iterator().next();
    List<FailedRecord> resources = new ArrayList<>();
    for (long sequence = 1; sequence <= 1000; sequence++) {
      if (sequence != 900) {
        QueuedFailure failure = errors.at(sequence).orElseThrow();
        resources.add(FailedRecordDesk.resource(migration, ref, "orders-" + sequence, failure));
      }
    }
    Map<String, Long> places = new HashMap<>();
    List<Long> found = new ArrayList<>();
    for (int visit = 0; visit < 4; visit++) {
      new NewFailures(errors, names, resources, places)
          .next(Map.of(subject, 1), 50)
          .forEach(failure -> found.add(failure.sequence()));
    }

    assertThat(found).contains(900L);
  }
}
