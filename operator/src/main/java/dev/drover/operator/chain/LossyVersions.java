package dev.drover.operator.chain;

import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Which versions of nats-server may lose what a replicated queue holds for the slower of its
 * readers: docs/adr/0022. Read off the sources of the versions named here; of others nothing is
 * known, and nothing is said. Pure.
 */
final class LossyVersions {
  private static final Pattern VERSION =
      Pattern.compile("v?(\\d{1,6})\\.(\\d{1,6})\\.(\\d{1,6})(?:-([^+]*))?(?:\\+.*)?");

  /** Other suffixes, such as {@code -fips}, name a build of the release itself. */
  private static final Pattern PRE_RELEASE =
      Pattern.compile("(?i)(rc|preview|pre|alpha|beta|dev).*");

  /** What it takes to be safe, for people. */
  static final String SAFE = "2.14.10, 2.15.3 or later";

  /**
   * A branch 2.x.
   *
   * @param from the first that is lossy, see {@link #place}
   * @param until the first that is not any more; of a branch without such a release, none
   */
  private record Branch(int minor, int from, int until) {}

  private static final int NONE_YET = Integer.MAX_VALUE;

  private static final List<Branch> BRANCHES =
      List.of(
          new Branch(11, place(12, false), NONE_YET),
          new Branch(12, place(4, false), NONE_YET),
          new Branch(14, place(0, true), place(10, false)),
          new Branch(15, place(0, true), place(3, false)));

  private LossyVersions() {}

  /**
   * Whether a version may lose messages.
   *
   * @param version as a server tells it: {@code 2.15.2}, {@code 2.15.0-RC.1}; what is not like that
   *     is none
   */
  static boolean contain(String version) {
    Matcher m = VERSION.matcher(version);
    if (!m.matches() || Integer.parseInt(m.group(1)) != 2) {
      return false;
    }
    int minor = Integer.parseInt(m.group(2));
    boolean early = m.group(4) != null && PRE_RELEASE.matcher(m.group(4)).matches();
    int place = place(Integer.parseInt(m.group(3)), early);
    return BRANCHES.stream().anyMatch(b -> b.minor == minor && place >= b.from && place < b.until);
  }

  /** In its branch; those before a release are before it. */
  private static int place(int patch, boolean preRelease) {
    return 2 * patch + (preRelease ? 0 : 1);
  }
}
