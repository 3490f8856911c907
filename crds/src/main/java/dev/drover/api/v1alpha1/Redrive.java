package dev.drover.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonClassDescription;
import io.fabric8.crd.generator.annotation.AdditionalPrinterColumn;
import io.fabric8.crd.generator.annotation.AdditionalPrinterColumn.Type;
import io.fabric8.kubernetes.api.model.Namespaced;
import io.fabric8.kubernetes.client.CustomResource;
import io.fabric8.kubernetes.model.annotation.Group;
import io.fabric8.kubernetes.model.annotation.ShortNames;
import io.fabric8.kubernetes.model.annotation.Version;

/** Many failed records sent again, or given up, at once. */
@Group("drover.dev")
@Version("v1alpha1")
@ShortNames("rd")
@JsonClassDescription(
    "Sends many failed records of a Migration to their stages again, or gives them up: those that the"
        + " selector chooses among what is in the error queue when it begins. No record is ever sent"
        + " twice, whoever else asks.")
@AdditionalPrinterColumn(name = "Migration", jsonPath = ".spec.migrationName", type = Type.STRING)
@AdditionalPrinterColumn(name = "Action", jsonPath = ".spec.action", type = Type.STRING)
@AdditionalPrinterColumn(
    name = "State",
    jsonPath = ".status.conditions[?(@.type==\"Complete\")].reason",
    type = Type.STRING)
@AdditionalPrinterColumn(name = "Selected", jsonPath = ".status.selected", type = Type.INTEGER)
@AdditionalPrinterColumn(name = "Sent", jsonPath = ".status.sent", type = Type.INTEGER)
@AdditionalPrinterColumn(name = "Resolved", jsonPath = ".status.resolved", type = Type.INTEGER)
@AdditionalPrinterColumn(name = "Failed", jsonPath = ".status.failedAgain", type = Type.INTEGER)
@AdditionalPrinterColumn(
    name = "Waived",
    jsonPath = ".status.waived",
    type = Type.INTEGER,
    priority = 1)
@AdditionalPrinterColumn(name = "Age", jsonPath = ".metadata.creationTimestamp", type = Type.DATE)
public class Redrive extends CustomResource<RedriveSpec, RedriveStatus> implements Namespaced {
  @Override
  @SuppressWarnings(
      "NullAway") // the base class would instantiate a bean; null means "not read yet"
  protected RedriveSpec initSpec() {
    return null;
  }

  @Override
  @SuppressWarnings("NullAway")
  protected RedriveStatus initStatus() {
    return null;
  }
}
