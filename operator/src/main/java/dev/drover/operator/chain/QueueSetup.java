package dev.drover.operator.chain;

import dev.drover.api.v1alpha1.MigrationSpec.QueueDeletionPolicy;
import dev.drover.wire.names.ChainNames;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.queues.QueueLayout;
import io.nats.client.JetStreamApiException;
import io.nats.client.JetStreamManagement;
import io.nats.client.PurgeOptions;
import io.nats.client.api.StreamConfiguration;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/** Makes, changes and removes what a chain has in NATS. */
final class QueueSetup {
  private final NatsLink link;
  private final ChainNames names;
  private final ErrorNumbers numbers;

  QueueSetup(NatsLink link, ChainNames names) {
    this.link = link;
    this.names = names;
    this.numbers = new ErrorNumbers(link, names);
  }

  /** Makes the state bucket, or changes it where the layout differs. */
  void ensureBucket(QueueLayout layout) {
    link.run(
        "make the state bucket " + names.stateBucket(),
        nats -> ensure(nats.jetStreamManagement(), layout.stateBucket()));
    link.run(
        "make the bucket of database sessions",
        nats -> ensureThere(nats.jetStreamManagement(), layout.slotsBucket()));
  }

  /** Of what all migrations share: the first one says how many copies there are. */
  private static void ensureThere(JetStreamManagement management, StreamConfiguration stream)
      throws IOException, JetStreamApiException {
    if (!exists(management, stream.getName())) {
      try {
        management.addStream(stream);
      } catch (JetStreamApiException e) {
        if (!Refusals.existsOtherwise(e)) {
          throw e;
        }
      }
    }
  }

  /**
   * Makes every stream, then every consumer, or changes those where the layout differs. One that is
   * as it should be costs one request and is not touched.
   */
  void ensureQueues(QueueLayout layout, ChainSpec spec) {
    ensureQueues(layout, spec, place -> true);
  }

  /**
   * The same, with some consumers only.
   *
   * @param which which of them
   */
  void ensureQueues(QueueLayout layout, ChainSpec spec, Predicate<QueueLayout.Place> which) {
    ensureBucket(layout);
    for (StreamConfiguration wanted : layout.streams(spec)) {
      StreamConfiguration stream =
          wanted.getName().equals(names.errorsStream()) ? numbered(wanted) : wanted;
      link.run(
          "make the stream " + stream.getName(),
          nats -> ensure(nats.jetStreamManagement(), stream));
    }
    for (QueueLayout.Place place : layout.consumers(spec).stream().filter(which).toList()) {
      link.run(
          "make the consumer " + place.consumer().getDurable() + " of " + place.stream(),
          nats -> ensure(nats.jetStreamManagement(), place));
    }
  }

  /** The error queue, with the first number that it has or is to have. */
  private StreamConfiguration numbered(StreamConfiguration errors) {
    Optional<Long> there =
        link.call(
            "read where the error queue begins",
            nats -> {
              JetStreamManagement management = nats.jetStreamManagement();
              return exists(management, errors.getName())
                  ? Optional.of(
                      management
                          .getStreamInfo(errors.getName())
                          .getConfiguration()
                          .getFirstSequence())
                  : Optional.<Long>empty();
            });
    return StreamConfiguration.builder(errors)
        .firstSequence(there.orElseGet(numbers::first))
        .build();
  }

  /**
   * Removes the streams of the chain, or those without records as the policy says; what is not
   * there is fine.
   *
   * @return names of the streams with records that stay
   */
  List<String> delete(QueueDeletionPolicy policy) {
    List<String> streams = streams();
    List<String> retained = new ArrayList<>();
    if (policy == QueueDeletionPolicy.Retain) {
      streams.stream().filter(this::holdsRecords).forEach(retained::add);
    }
    List<String> kept = new ArrayList<>(retained);
    if (!retained.isEmpty()) { // without these nobody could tell what the records are
      kept.add(bucketStream());
      kept.add(names.decisionsStream());
      kept.add(names.journalStream());
    }
    streams.stream().filter(s -> !kept.contains(s)).forEach(this::delete);
    return retained;
  }

  private List<String> streams() {
    return link.call(
        "list the streams of the migration",
        nats -> {
          JetStreamManagement management = nats.jetStreamManagement();
          List<String> found =
              new ArrayList<>(management.getStreamNames("drover." + names.id() + ".>"));
          found.addAll(management.getStreamNames("$KV." + names.stateBucket() + ".>"));
          return found;
        });
  }

  private boolean holdsRecords(String stream) {
    boolean mayHold =
        stream.startsWith(names.queueStream(""))
            || List.of(names.errorsStream(), names.waitingStream(), names.retriesStream())
                .contains(stream);
    return mayHold
        && link.call(
            "read the state of " + stream,
            nats ->
                nats.jetStreamManagement().getStreamInfo(stream).getStreamState().getMsgCount()
                    > 0);
  }

  /** Removes a stage's consumer of a stream; one that is not there is fine. */
  void deleteConsumer(String stream, String stage) {
    link.run(
        "delete the consumer " + stage + " of " + stream,
        nats -> {
          try {
            nats.jetStreamManagement().deleteConsumer(stream, ChainNames.consumer(stage));
          } catch (JetStreamApiException e) {
            if (!Refusals.missing(e)) {
              throw e;
            }
          }
        });
  }

  /**
   * Removes what a stage that is gone was to read, and what it had sent again, waiting, or set
   * aside since: nobody could take it.
   */
  void forget(String stage) {
    forget(names.splitsStream(), names.allOf("splits", stage));
    forget(names.errorsStream(), names.allOf("errors", stage));
    forget(names.retriesStream(), names.retrySubject(stage));
    forget(names.waitingStream(), names.waitingSubject(stage));
  }

  private void forget(String stream, String subject) {
    link.run(
        "forget " + subject,
        nats -> {
          try {
            nats.jetStreamManagement()
                .purgeStream(stream, PurgeOptions.builder().subject(subject).build());
          } catch (JetStreamApiException e) {
            if (!Refusals.missing(e)) {
              throw e;
            }
          }
        });
  }

  /** The stages whose queues are there. */
  List<String> queues() {
    String prefix = names.queueStream("");
    return streams().stream()
        .filter(s -> s.startsWith(prefix))
        .map(s -> s.substring(prefix.length()))
        .toList();
  }

  /** Removes consumers of a stream, but no reader's that goes by itself. */
  void deleteConsumers(String stream, Predicate<String> which) {
    link.run(
        "tidy up the consumers of " + stream,
        nats -> {
          JetStreamManagement management = nats.jetStreamManagement();
          try {
            for (String name : management.getConsumerNames(stream)) {
              if (which.test(name)
                  && management
                          .getConsumerInfo(stream, name)
                          .getConsumerConfiguration()
                          .getDurable()
                      != null) {
                management.deleteConsumer(stream, name);
              }
            }
          } catch (JetStreamApiException e) {
            if (!Refusals.missing(e)) {
              throw e;
            }
          }
        });
  }

  /** Removes the stream of a queue, unless it holds records; one that is not there is fine. */
  void deleteQueue(String stage) {
    String stream = names.queueStream(stage);
    if (streams().contains(stream) && !holdsRecords(stream)) {
      delete(stream);
    }
  }

  private void delete(String stream) {
    link.call(
        "delete the stream " + stream,
        nats -> {
          try {
            return nats.jetStreamManagement().deleteStream(stream);
          } catch (JetStreamApiException e) {
            if (Refusals.missing(e)) {
              return true;
            }
            throw e;
          }
        });
  }

  private String bucketStream() {
    return "KV_" + names.stateBucket();
  }

  private static void ensure(JetStreamManagement management, StreamConfiguration stream)
      throws IOException, JetStreamApiException {
    try {
      management.addStream(stream);
    } catch (JetStreamApiException e) {
      // Where all storage is spoken for, the server says so even of a stream that is there.
      if (!Refusals.existsOtherwise(e) && !exists(management, stream.getName())) {
        throw e;
      }
      management.updateStream(stream);
    }
  }

  private static boolean exists(JetStreamManagement management, String stream)
      throws IOException, JetStreamApiException {
    try {
      management.getStreamInfo(stream);
      return true;
    } catch (JetStreamApiException e) {
      if (Refusals.missing(e)) {
        return false;
      }
      throw e;
    }
  }

  private static void ensure(JetStreamManagement management, QueueLayout.Place place)
      throws IOException, JetStreamApiException {
    try {
      management.createConsumer(place.stream(), place.consumer());
    } catch (JetStreamApiException e) {
      if (!Refusals.existsOtherwise(e)) {
        throw e;
      }
      management.updateConsumer(place.stream(), place.consumer());
    }
  }
}
