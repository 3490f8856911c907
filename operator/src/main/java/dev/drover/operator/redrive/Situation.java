package dev.drover.operator.redrive;

import dev.drover.wire.replay.RedriveProgress;
import java.util.Optional;

/** What was found about a Redrive. */
sealed interface Situation {
  /**
   * It cannot begin as things are.
   *
   * @param reason CamelCase
   * @param invalid whether the resource names something that is not there
   */
  record Held(String reason, String message, boolean invalid) implements Situation {}

  /**
   * Its worker was asked for, and has told nothing yet.
   *
   * @param trouble why it does not start, as far as that is known
   */
  record Starting(Optional<String> trouble) implements Situation {}

  /** Its worker has told how far it is. */
  record Known(RedriveProgress progress) implements Situation {}
}
