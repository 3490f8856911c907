package dev.drover.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.drover.api.v1alpha1.FailedRecord;
import dev.drover.api.v1alpha1.FailedRecordSpec.Action;
import dev.drover.api.v1alpha1.Redrive;
import dev.drover.api.v1alpha1.RedriveSpec;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Answers what is asked of FailedRecords and Redrives, by patching their statuses as the operator
 * does. A quantity of 7 fails again, one that is no number is refused, one of 404 is never
 * answered.
 */
final class PlayedOperator implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String NOW = "2026-11-24T10:00:00Z";

  private final KubernetesClient client;
  private final String namespace;
  private final AtomicBoolean running = new AtomicBoolean(true);
  private final Thread thread;

  PlayedOperator(KubernetesClient client, String namespace) {
    this.client = client;
    this.namespace = namespace;
    thread = Thread.ofVirtual().start(this::run);
  }

  private void run() {
    while (running.get()) {
      try {
        client
            .resources(FailedRecord.class)
            .inNamespace(namespace)
            .list()
            .getItems()
            .forEach(this::visit);
        client
            .resources(Redrive.class)
            .inNamespace(namespace)
            .list()
            .getItems()
            .forEach(this::visit);
        Thread.sleep(50);
      } catch (KubernetesClientException e) {
        // changed or gone meanwhile: the next round sees it
      } catch (InterruptedException e) {
        return;
      }
    }
  }

  private void visit(FailedRecord record) {
    long generation = record.getMetadata().getGeneration();
    if (record.getSpec().action() == Action.None
        || record.getStatus() == null
        || Long.valueOf(generation).equals(record.getStatus().handledGeneration())) {
      return;
    }
    JsonNode correction = record.getSpec().correction();
    JsonNode qty =
        correction != null && correction.has("qty")
            ? correction.get("qty")
            : record.getStatus().record().path("qty");
    if (qty.asInt() == 404) {
      return;
    }
    boolean waived = record.getSpec().action() == Action.Waive;
    String result =
        waived
            ? "Waived"
            : !qty.isNull() && !qty.isIntegralNumber()
                ? "Refused"
                : qty.asInt() == 7 ? "FailedAgain" : "Replayed";
    boolean closed = result.equals("Waived") || result.equals("Replayed");
    String message =
        switch (result) {
          case "Refused" -> "spec.correction.qty: the value does not fit int4";
          case "FailedAgain" -> "failed again: the row violates no_seven";
          case "Waived" -> "given up, as asked";
          default -> "loaded";
        };
    ObjectNode status = JSON.createObjectNode();
    status.put("observedGeneration", generation).put("handledGeneration", generation);
    ObjectNode attempt = status.putArray("history").addObject();
    attempt.put("action", record.getSpec().action().name()).put("time", NOW);
    attempt.put("by", "kubectl-drover").put("generation", generation).put("result", result);
    attempt.put("message", message).put("reason", record.getSpec().reason());
    condition(status, "Resolved", closed ? "True" : "False", result, message);
    patch(record, status);
  }

  private void visit(Redrive redrive) {
    if (redrive.getStatus() != null && redrive.getStatus().completionTime() != null) {
      return;
    }
    RedriveSpec spec = redrive.getSpec();
    boolean selects = spec.selector() == null || !"Nothing".equals(spec.selector().code());
    boolean waives = spec.action() == RedriveSpec.Action.Waive;
    ObjectNode status = JSON.createObjectNode();
    status.put("selected", selects ? 3 : 0).put("startTime", NOW).put("completionTime", NOW);
    status.put("lastSequence", 40);
    for (String count : new String[] {"sent", "resolved", "failedAgain", "waived", "skipped"}) {
      status.put(count, 0);
    }
    status.put("refused", 0);
    if (!selects) {
      condition(status, "Complete", "True", "NothingSelected", "no record is chosen");
    } else if (Boolean.TRUE.equals(spec.dryRun())) {
      ObjectNode sample = status.putArray("samples").addObject();
      sample.put("errorSequence", 1).put("stage", "load").put("table", "shop.item");
      sample.put("key", "7").putObject("before").put("id", 7).put("qty", 7);
      if (!waives) {
        sample.putObject("after").put("id", 7).put("qty", spec.set() == null ? 7 : 8);
      }
      condition(status, "Complete", "True", "DryRun", "3 records are chosen; nothing was sent");
    } else if (waives) {
      condition(status, "Complete", "True", "Waived", "3 were waived");
      status.put("waived", 3);
    } else {
      boolean some = spec.set() == null;
      status.put("sent", 3).put("resolved", some ? 2 : 3).put("failedAgain", some ? 1 : 0);
      condition(status, "Complete", "True", some ? "SomeFailed" : "Resolved", "of 3 records …");
    }
    patch(redrive, status);
  }

  private static void condition(
      ObjectNode status, String type, String value, String reason, String message) {
    status
        .withArray("conditions")
        .addObject()
        .put("type", type)
        .put("status", value)
        .put("reason", reason)
        .put("message", message)
        .put("lastTransitionTime", NOW);
  }

  private void patch(HasMetadata resource, ObjectNode status) {
    client
        .resource(resource)
        .subresource("status")
        .patch(
            PatchContext.of(PatchType.JSON_MERGE),
            JSON.createObjectNode().set("status", status).toString());
  }

  @Override
  public void close() throws InterruptedException {
    running.set(false);
    thread.join();
  }
}
