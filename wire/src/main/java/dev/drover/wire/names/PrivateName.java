package dev.drover.wire.names;

import java.util.Optional;

/**
 * The name of a stage that is a copy of another, made for one graft alone: {@code <graft>_<stage>}.
 * Users' stages have no underscore, so none of them is ever called so.
 *
 * @param graft the stage that the copy is for
 * @param stage the stage that it is a copy of
 */
public record PrivateName(String graft, String stage) {
  private static final String BETWEEN = "_";

  /** Reads back what {@link #toString} wrote; empty for the name of a stage that is no copy. */
  public static Optional<PrivateName> parse(String name) {
    int at = name.indexOf(BETWEEN);
    return at < 0
        ? Optional.empty()
        : Optional.of(new PrivateName(name.substring(0, at), name.substring(at + 1)));
  }

  /** A stage's name as names of Kubernetes' objects may have it, which bear no underscore. */
  public static String plain(String stage) {
    return stage.replace(BETWEEN, "--");
  }

  @Override
  public String toString() {
    return graft + BETWEEN + stage;
  }
}
