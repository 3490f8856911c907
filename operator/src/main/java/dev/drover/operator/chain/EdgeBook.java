package dev.drover.operator.chain;

import dev.drover.wire.edges.Edges;
import dev.drover.wire.names.ChainNames;
import dev.drover.wire.state.StateStore;
import dev.drover.wire.state.StateStore.Versioned;
import java.util.Optional;

/** The edges as they are written down, read once and then remembered. */
final class EdgeBook {
  private final NatsLink link;
  private final ChainNames names;
  private Optional<Versioned<Edges>> known = Optional.empty();

  /** Whether it is known that nothing is written down. */
  private boolean nothing;

  EdgeBook(NatsLink link, ChainNames names) {
    this.link = link;
    this.names = names;
  }

  /** The edges; empty if none were ever written down. */
  Optional<Edges> read() {
    if (known.isEmpty() && !nothing) {
      known =
          link.call("read how the stages are joined", nats -> StateStore.open(nats, names).edges());
      nothing = known.isEmpty();
    }
    return known.map(Versioned::value);
  }

  /**
   * Looks whether what was read last is what is written down now, before something is removed that
   * it does not have.
   *
   * @throws ChainUnavailableException if somebody else has written since
   */
  void confirm() {
    Optional<Versioned<Edges>> last = known;
    known = Optional.empty();
    nothing = false;
    read();
    if (!known.equals(last)) {
      throw moved();
    }
  }

  /**
   * Writes over what was read last.
   *
   * @throws ChainUnavailableException also if somebody else has written since
   */
  void write(Edges next) {
    Optional<Versioned<Edges>> last = known;
    known = Optional.empty(); // whatever comes of it, what is there is the truth
    nothing = false;
    known =
        link.call(
            "write down how the stages are joined",
            nats -> StateStore.open(nats, names).putEdges(last, next));
    if (known.isEmpty()) {
      throw moved();
    }
  }

  private static ChainUnavailableException moved() {
    return new ChainUnavailableException(
        "NatsUnavailable",
        "another operator has joined the stages otherwise meanwhile: it is looked at again",
        null);
  }
}
