package dev.drover.worker.chain;

import io.nats.client.Dispatcher;
import io.nats.client.Message;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.Collectors;

/** What the workers of a stage tell the server about the messages of its queue. */
final class Acks implements AutoCloseable {
  private final TestChain chain;
  private final Dispatcher dispatcher;
  private final Queue<Ack> seen = new ConcurrentLinkedQueue<>();

  /**
   * One word about one delivery.
   *
   * @param kind +ACK, -NAK or +WPI
   * @param delivered how often the message was delivered by then
   * @param sequence the message's in its stream
   */
  record Ack(String kind, long delivered, long sequence) {}

  /** Listens from now on. */
  Acks(TestChain chain, String stage) throws Exception {
    this.chain = chain;
    String queue = chain.names.queueStream(chain.spec.stage(stage).from());
    this.dispatcher = chain.nats.createDispatcher();
    dispatcher.subscribe("$JS.ACK." + queue + "." + stage + ".>", this::note);
    chain.nats.flush(ChainScenario.SOON);
  }

  private void note(Message message) {
    String[] subject = message.getSubject().split("\\.");
    String text = new String(message.getData(), StandardCharsets.US_ASCII);
    seen.add(
        new Ack(
            text.split(" ")[0],
            Long.parseLong(subject[subject.length - 5]),
            Long.parseLong(subject[subject.length - 4])));
  }

  List<Ack> of(String kind) {
    return seen.stream().filter(a -> a.kind().equals(kind)).toList();
  }

  /** The messages of which a word was said. */
  Set<Long> sequences(String kind) {
    return of(kind).stream().map(Ack::sequence).collect(Collectors.toSet());
  }

  /** How many heartbeats were heard of the message that had most. */
  long mostHeartbeats() {
    return of("+WPI").stream()
        .collect(Collectors.groupingBy(Ack::sequence, Collectors.counting()))
        .values()
        .stream()
        .mapToLong(n -> n)
        .max()
        .orElse(0);
  }

  @Override
  public void close() {
    chain.nats.closeDispatcher(dispatcher);
  }
}
