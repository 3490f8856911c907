package dev.drover.cli.command;

import dev.drover.cli.outcome.CommandFailedException;
import dev.drover.cli.outcome.ExitCode;
import dev.drover.cli.terminal.Terminal;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** The user's editor, chosen as kubectl chooses it: $KUBE_EDITOR, $EDITOR, vi. */
final class Editor {
  private final String command;

  private Editor(String command) {
    this.command = command;
  }

  static Editor of(Terminal terminal) {
    return new Editor(
        Stream.of("KUBE_EDITOR", "EDITOR")
            .map(name -> terminal.environment().getOrDefault(name, ""))
            .filter(value -> !value.isBlank())
            .findFirst()
            .orElse("vi"));
  }

  /** Keeps a text in a file that only the user may read, and tells which. */
  static Path keep(String text) {
    try {
      return Files.writeString(Files.createTempFile("kubectl-drover-", ".yaml"), text);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Has a text edited. It stands in a file that only the user may read, and goes with it, unless
   * what was saved cannot be read.
   *
   * @throws CommandFailedException if the editor cannot be started, or says that it failed, or has
   *     saved what is no UTF-8
   */
  String edit(String text) {
    try {
      Path file = Files.createTempFile("kubectl-drover-", ".yaml");
      boolean readable = true;
      try {
        Files.writeString(file, text);
        // The command may have options; the shell splits them as the user's own does.
        Process process =
            new ProcessBuilder(List.of("sh", "-c", command + " \"$1\"", "sh", file.toString()))
                .inheritIO()
                .start();
        int code = process.waitFor();
        if (code != 0) {
          throw new CommandFailedException(
              ExitCode.Cancelled,
              "the editor '%s' ended with %d; nothing was sent".formatted(command, code),
              code == 127 ? "set EDITOR to an editor that is installed" : null);
        }
        return Files.readString(file, StandardCharsets.UTF_8);
      } catch (CharacterCodingException e) {
        readable = false;
        throw new CommandFailedException(
            ExitCode.Usage,
            "what the editor saved is no UTF-8, so nothing was sent; it is kept in " + file,
            "have the editor save files as UTF-8");
      } finally {
        if (readable) {
          Files.deleteIfExists(file);
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CommandFailedException(ExitCode.Cancelled, "interrupted; nothing was sent", null);
    }
  }
}
