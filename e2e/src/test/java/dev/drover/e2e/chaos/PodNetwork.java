package dev.drover.e2e.chaos;

import dev.drover.e2e.Commands;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * The network of a pod, spoiled from inside its own namespace: what is done goes with the pod, and
 * nothing of this machine is touched.
 *
 * @param process any process of the pod
 */
public record PodNetwork(long process) {
  /** A narrow line for all that the pod sends. */
  void slow(String rate) throws IOException, InterruptedException {
    run(
        List.of("tc", "qdisc", "replace", "dev", "eth0", "root"),
        List.of("tbf", "rate", rate, "burst", "16kbit", "latency", "500ms"));
  }

  void noLongerSlow() throws IOException, InterruptedException {
    run(List.of("tc", "qdisc", "del", "dev", "eth0", "root"), List.of());
  }

  /** Adds rules, before those that are there. */
  public void add(List<Rule> rules) throws IOException, InterruptedException {
    for (Rule rule : rules) {
      run(List.of("iptables", "-w", "30", "-I", rule.chain()), rule.rest());
    }
  }

  /** Removes rules that were added. */
  void remove(List<Rule> rules) throws IOException, InterruptedException {
    for (Rule rule : rules) {
      run(List.of("iptables", "-w", "30", "-D", rule.chain()), rule.rest());
    }
  }

  private void run(List<String> program, List<String> arguments)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.addAll(List.of("nsenter", "--target", Long.toString(process), "--net"));
    command.addAll(program);
    command.addAll(arguments);
    Commands.run(command);
  }

  /** A packet rule: a built-in chain, a match and a target. */
  public record Rule(String chain, List<String> rest) {}

  /** Whatever the pod sends and whatever comes to it vanishes, as if its machine were gone. */
  public static List<Rule> cutFromAll() {
    return List.of(
        new Rule("OUTPUT", List.of("-j", "DROP")), new Rule("INPUT", List.of("-j", "DROP")));
  }

  /** Whatever goes to an address and comes from it vanishes. */
  static List<Rule> cutFrom(String address) {
    return List.of(
        new Rule("OUTPUT", List.of("-d", address, "-j", "DROP")),
        new Rule("INPUT", List.of("-s", address, "-j", "DROP")));
  }

  /** Whatever goes to a port, at any address, and comes from it vanishes. */
  static List<Rule> cutFromPort(int port) {
    return List.of(
        new Rule("OUTPUT", List.of("-p", "tcp", "--dport", "" + port, "-j", "DROP")),
        new Rule("INPUT", List.of("-p", "tcp", "--sport", "" + port, "-j", "DROP")));
  }

  /** Whatever clients of a port send, and it answers, vanishes. */
  static List<Rule> cutPort(int port) {
    return List.of(
        new Rule("INPUT", List.of("-i", "eth0", "-p", "tcp", "--dport", "" + port, "-j", "DROP")),
        new Rule("OUTPUT", List.of("-o", "eth0", "-p", "tcp", "--sport", "" + port, "-j", "DROP")));
  }

  /** Connections to an address break as soon as they are used. */
  static List<Rule> resetTo(String address) {
    return List.of(
        new Rule(
            "OUTPUT",
            List.of("-p", "tcp", "-d", address, "-j", "REJECT", "--reject-with", "tcp-reset")));
  }

  /** Connections to a port, at any address, break as soon as they are used. */
  static List<Rule> resetToPort(int port) {
    return List.of(
        new Rule(
            "OUTPUT",
            List.of(
                "-p", "tcp", "--dport", "" + port, "-j", "REJECT", "--reject-with", "tcp-reset")));
  }

  /** Connections of clients to a port break as soon as they are used. */
  static List<Rule> resetPort(int port) {
    return List.of(
        new Rule(
            "INPUT",
            List.of(
                "-i",
                "eth0",
                "-p",
                "tcp",
                "--dport",
                "" + port,
                "-j",
                "REJECT",
                "--reject-with",
                "tcp-reset")));
  }

  /** One packet in ten of those that are sent vanishes. */
  static List<Rule> lossy() {
    return List.of(
        new Rule(
            "OUTPUT",
            List.of(
                "-o",
                "eth0",
                "-m",
                "statistic",
                "--mode",
                "random",
                "--probability",
                "0.1",
                "-j",
                "DROP")));
  }
}
