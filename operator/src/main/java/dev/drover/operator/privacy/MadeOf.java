package dev.drover.operator.privacy;

import dev.drover.api.v1alpha1.FailedRecordStatus.Copied;
import dev.drover.wire.batch.Provenance;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** What a record's fields are made of, as a resource's status tells it. Pure. */
public final class MadeOf {
  private MadeOf() {}

  /** For a status; null if there is nothing to tell. */
  public static @Nullable List<Copied> text(Provenance made) {
    return made.isNone()
        ? null
        : made.sources().entrySet().stream()
            .map(m -> new Copied(m.getKey(), m.getValue()))
            .toList();
  }

  /** As a status told it. */
  public static Provenance parse(@Nullable List<Copied> made) {
    return made == null
        ? Provenance.NONE
        : new Provenance(made.stream().collect(Collectors.toMap(Copied::field, Copied::from)));
  }
}
