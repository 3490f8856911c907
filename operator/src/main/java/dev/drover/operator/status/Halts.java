package dev.drover.operator.status;

import dev.drover.api.v1alpha1.MigrationStatus;
import dev.drover.operator.scaling.Reason;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Which stages have no workers whatever they have to do: until somebody does something about it, or
 * its time comes, they take nothing. Pure.
 */
public final class Halts {
  private static final Set<String> REASONS =
      Arrays.stream(Reason.values())
          .filter(Reason::halts)
          .map(Reason::name)
          .collect(Collectors.toUnmodifiableSet());

  private Halts() {}

  /** Whether a stage is one. */
  static boolean isOne(MigrationStatus.StageStatus stage) {
    return REASONS.contains(stage.scaling().reason());
  }

  /** How many workers such stages have, and why, by stage, as a Migration's last visit saw it. */
  public static Map<String, MigrationStatus.Scaling> of(@Nullable MigrationStatus status) {
    return status == null
        ? Map.of()
        : status.stages().stream()
            .filter(Halts::isOne)
            .collect(
                Collectors.toUnmodifiableMap(
                    MigrationStatus.StageStatus::name, MigrationStatus.StageStatus::scaling));
  }
}
