package dev.drover.e2e;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * A pod's processes, where containers are processes of this machine: on a node of its own, or in
 * kind.
 */
public final class PodProcesses {
  private static final Path PROCESSES = Path.of("/proc");

  private PodProcesses() {}

  /**
   * Ends every process of a pod, its sandbox aside, with SIGKILL: none says goodbye, while a pod
   * that is deleted is asked to end first, whatever its grace.
   *
   * @return how many there were
   */
  public static int kill(Pod pod) throws IOException {
    int killed = 0;
    for (ProcessHandle process : of(pod)) {
      if (process.destroyForcibly()) {
        killed++;
      }
    }
    return killed;
  }

  /**
   * Kills a pod and has it replaced: a new one starts at once, where this one would be held back
   * longer after each crash. Not with a grace of 0: that pod is forgotten though kubelet may have
   * started its container again, and two servers would write to one store.
   *
   * @return false if it had no process any more
   */
  public static boolean crash(KubernetesClient client, Pod pod) throws IOException {
    if (kill(pod) == 0) {
      return false;
    }
    client.resource(pod).withGracePeriod(1).delete();
    return true;
  }

  /** Known by the cgroup that kubelet puts them in, which is named after the pod. */
  public static List<ProcessHandle> of(Pod pod) throws IOException {
    String uid = pod.getMetadata().getUid();
    try (Stream<Path> all = Files.list(PROCESSES)) {
      return all.filter(p -> p.getFileName().toString().matches("[0-9]+"))
          .filter(p -> belongs(p, uid) && !read(p.resolve("cmdline")).startsWith("/pause"))
          .flatMap(p -> ProcessHandle.of(Long.parseLong(p.getFileName().toString())).stream())
          .toList();
    }
  }

  private static boolean belongs(Path process, String uid) {
    String groups = read(process.resolve("cgroup"));
    return groups.contains(uid) || groups.contains(uid.replace('-', '_'));
  }

  /** Empty for a process that is gone by now. */
  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      return "";
    }
  }
}
