package dev.drover.cli.command;

import java.util.concurrent.Callable;
import picocli.AutoComplete;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code kubectl drover completion}. */
@Command(
    name = "completion",
    description = {
      "A script that completes commands and options.",
      "bash, zsh: source <(kubectl drover completion bash) completes kubectl-drover.",
      "kubectl: saved as kubectl_complete-drover on PATH, executable, it completes kubectl drover in"
          + " every shell for which kubectl's own completion is set up."
    })
final class CompletionCommand implements Callable<Integer> {
  private static final String FUNCTION = "_complete_kubectl-drover";

  @ParentCommand
  @SuppressWarnings("NullAway") // picocli sets it
  private DroverCommand drover;

  @Spec
  @SuppressWarnings("NullAway") // picocli sets it
  private CommandSpec spec;

  @Parameters(paramLabel = "bash|zsh|kubectl", description = "For whom.")
  @SuppressWarnings("NullAway") // picocli requires it
  private Shell shell;

  /** Who completes. */
  enum Shell {
    bash,
    zsh,
    kubectl
  }

  @Override
  public Integer call() {
    String script = AutoComplete.bash("kubectl-drover", spec.root().commandLine());
    drover
        .terminal()
        .print(
            switch (shell) {
              case bash -> script;
              case zsh -> "autoload -Uz compinit && compinit\n" + script;
              case kubectl -> forKubectl(script);
            });
    return 0;
  }

  /**
   * kubectl calls it with the words so far, the last one to be completed, and reads a line each.
   */
  private static String forKubectl(String script) {
    return """
        #!/usr/bin/env bash
        # Made by: kubectl drover completion kubectl
        compopt() { :; }  # there is no completion under way that it could change
        %s
        COMP_WORDS=(kubectl-drover "$@")
        COMP_CWORD=$#
        COMP_LINE="${COMP_WORDS[*]}"
        COMP_POINT=${#COMP_LINE}
        COMPREPLY=()
        %s kubectl-drover "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
        [ ${#COMPREPLY[@]} -eq 0 ] || printf '%%s\\n' "${COMPREPLY[@]}"
        echo :4
        """
        .formatted(script.replaceFirst("^#!.*\n", ""), FUNCTION);
  }
}
