package dev.drover.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonClassDescription;
import io.fabric8.crd.generator.annotation.AdditionalPrinterColumn;
import io.fabric8.crd.generator.annotation.AdditionalPrinterColumn.Type;
import io.fabric8.kubernetes.api.model.Namespaced;
import io.fabric8.kubernetes.client.CustomResource;
import io.fabric8.kubernetes.model.annotation.Group;
import io.fabric8.kubernetes.model.annotation.ShortNames;
import io.fabric8.kubernetes.model.annotation.Version;

/** A record that a stage set aside: a window on one message of the error queue. */
@Group("drover.dev")
@Version("v1alpha1")
@ShortNames("fr")
@JsonClassDescription(
    "A record that a stage of a Migration set aside. Made by the operator. Correct and replay it, or"
        + " waive it, by patching spec; status tells what became of it.")
@AdditionalPrinterColumn(name = "Migration", jsonPath = ".status.migrationName", type = Type.STRING)
@AdditionalPrinterColumn(name = "Stage", jsonPath = ".status.stage", type = Type.STRING)
@AdditionalPrinterColumn(name = "Table", jsonPath = ".status.table", type = Type.STRING)
@AdditionalPrinterColumn(name = "Key", jsonPath = ".status.key", type = Type.STRING)
@AdditionalPrinterColumn(name = "Code", jsonPath = ".status.code", type = Type.STRING)
@AdditionalPrinterColumn(
    name = "State",
    jsonPath = ".status.conditions[?(@.type==\"Resolved\")].reason",
    type = Type.STRING)
@AdditionalPrinterColumn(name = "Replays", jsonPath = ".status.replays", type = Type.INTEGER)
@AdditionalPrinterColumn(
    name = "Message",
    jsonPath = ".status.message",
    type = Type.STRING,
    priority = 1)
@AdditionalPrinterColumn(name = "Age", jsonPath = ".metadata.creationTimestamp", type = Type.DATE)
public class FailedRecord extends CustomResource<FailedRecordSpec, FailedRecordStatus>
    implements Namespaced {
  @Override
  @SuppressWarnings(
      "NullAway") // the base class would instantiate a bean; null means "not read yet"
  protected FailedRecordSpec initSpec() {
    return null;
  }

  @Override
  @SuppressWarnings("NullAway")
  protected FailedRecordStatus initStatus() {
    return null;
  }
}
