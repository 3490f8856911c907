package dev.drover.e2e;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;

/** The README of an example, which people paste into a shell line by line. */
record Story(String example) {
  private static final Path ROOT = Path.of(System.getProperty("drover.root", ".."));
  private static final Pattern BLOCK = Pattern.compile("```sh\n(.*?)```", Pattern.DOTALL);

  /** The shell lines of each part, in order; the last, which tidies up, left out. */
  List<String> parts() throws IOException {
    List<String> parts =
        BLOCK
            .matcher(
                Files.readString(ROOT.resolve("examples").resolve(example).resolve("README.md")))
            .results()
            .map(r -> r.group(1))
            .toList();
    return parts.subList(0, parts.size() - 1);
  }

  /**
   * Does what some parts say, and returns what they print.
   *
   * @throws IllegalStateException with what they said, if a line failed
   */
  String tell(List<String> parts) throws IOException, InterruptedException {
    return shell(String.join("\n", parts));
  }

  /**
   * Does what lines of shell say, where a user would, and returns what they print.
   *
   * @throws IllegalStateException with what they said, if a line failed
   */
  static String shell(String lines) throws IOException, InterruptedException {
    String inRoot =
        "cd " + ROOT.toAbsolutePath() + "\nPATH=$PWD/dev/.state/bin:$PATH\nset -euo pipefail\n";
    return Commands.run(List.of("bash", "-c", inRoot + lines));
  }
}
