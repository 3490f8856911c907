package dev.drover.cli.terminal;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * Where a command reads and writes.
 *
 * @param out for answers
 * @param err for everything else, so that answers can be piped
 * @param in what the user types
 * @param interactive whether a person sits before it
 * @param style whether in colour
 * @param width columns of a line
 * @param environment the process's environment
 */
public record Terminal(
    PrintWriter out,
    PrintWriter err,
    BufferedReader in,
    boolean interactive,
    Style style,
    int width,
    Map<String, String> environment) {
  private static final int WIDTH = 120;

  /** The process's own, in UTF-8. */
  public static Terminal ofProcess() {
    Map<String, String> environment = System.getenv();
    boolean interactive = System.console() != null && System.console().isTerminal();
    boolean colour =
        interactive
            && environment.getOrDefault("NO_COLOR", "").isEmpty()
            && !environment.getOrDefault("TERM", "").equals("dumb");
    return new Terminal(
        new PrintWriter(System.out, true, StandardCharsets.UTF_8),
        new PrintWriter(System.err, true, StandardCharsets.UTF_8),
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8)),
        interactive,
        new Style(colour),
        interactive ? width(environment) : WIDTH,
        environment);
  }

  private static int width(Map<String, String> environment) {
    String columns = environment.getOrDefault("COLUMNS", "");
    return columns.matches("[1-9]\\d{1,3}") ? Integer.parseInt(columns) : askedWidth();
  }

  /** A shell does not export COLUMNS, so the terminal is asked. */
  private static int askedWidth() {
    try {
      Process stty =
          new ProcessBuilder("stty", "size")
              .redirectInput(ProcessBuilder.Redirect.INHERIT)
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      String said = new String(stty.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      String[] size = said.strip().split(" ", -1);
      boolean told = stty.waitFor(1, TimeUnit.SECONDS) && size.length == 2;
      return told && size[1].matches("[1-9]\\d{1,3}") ? Integer.parseInt(size[1]) : WIDTH;
    } catch (IOException e) {
      return WIDTH; // no stty: not the end of the world
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return WIDTH;
    }
  }

  /** Writes an answer, ended by a line end. */
  public void print(String text) {
    out.print(text.endsWith("\n") ? text : text + "\n");
    out.flush();
  }

  /** Writes what is no answer. */
  public void say(String text) {
    err.println(text);
    err.flush();
  }

  /** Asks; anything but a yes is a no. */
  public boolean agrees(String question) {
    err.print(question + " [y/N] ");
    err.flush();
    try {
      String answer = in.readLine();
      return answer != null && answer.strip().toLowerCase(Locale.ROOT).matches("y|yes");
    } catch (IOException e) {
      return false;
    }
  }
}
