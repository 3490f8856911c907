package dev.drover.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonClassDescription;
import io.fabric8.crd.generator.annotation.AdditionalPrinterColumn;
import io.fabric8.crd.generator.annotation.AdditionalPrinterColumn.Type;
import io.fabric8.generator.annotation.ValidationRule;
import io.fabric8.kubernetes.api.model.Namespaced;
import io.fabric8.kubernetes.client.CustomResource;
import io.fabric8.kubernetes.model.annotation.Group;
import io.fabric8.kubernetes.model.annotation.ShortNames;
import io.fabric8.kubernetes.model.annotation.Version;

/** A data migration: a tree of stages joined by queues. */
@Group("drover.dev")
@Version("v1alpha1")
@ShortNames("mig")
@JsonClassDescription(
    "A data migration: stages that extract, transform and load records, joined by queues. No stage"
        + " waits for another to finish, and a record that fails steps aside while the others keep"
        + " moving.")
@ValidationRule(
    value = "self.metadata.name.size() <= 40 && !self.metadata.name.contains('.')",
    message = "metadata.name: use at most 40 characters and no dots")
@AdditionalPrinterColumn(
    name = "Ready",
    jsonPath = ".status.conditions[?(@.type==\"Ready\")].status",
    type = Type.STRING)
@AdditionalPrinterColumn(
    name = "Reason",
    jsonPath = ".status.conditions[?(@.type==\"Ready\")].reason",
    type = Type.STRING)
@AdditionalPrinterColumn(name = "Stages", jsonPath = ".status.stagesReady", type = Type.STRING)
@AdditionalPrinterColumn(
    name = "Loaded",
    jsonPath = ".status.progress.loadedRecords",
    type = Type.INTEGER)
@AdditionalPrinterColumn(
    name = "Failed",
    jsonPath = ".status.progress.failedRecords",
    type = Type.INTEGER)
@AdditionalPrinterColumn(
    name = "Progress",
    jsonPath = ".status.progress.percent",
    type = Type.STRING)
@AdditionalPrinterColumn(name = "ETA", jsonPath = ".status.progress.eta", type = Type.STRING)
@AdditionalPrinterColumn(
    name = "Scaling",
    jsonPath = ".status.scaling",
    type = Type.STRING,
    priority = 1)
@AdditionalPrinterColumn(name = "Age", jsonPath = ".metadata.creationTimestamp", type = Type.DATE)
public class Migration extends CustomResource<MigrationSpec, MigrationStatus>
    implements Namespaced {
  @Override
  @SuppressWarnings(
      "NullAway") // the base class would instantiate a bean; null means "not read yet"
  protected MigrationSpec initSpec() {
    return null;
  }

  @Override
  @SuppressWarnings("NullAway")
  protected MigrationStatus initStatus() {
    return null;
  }
}
