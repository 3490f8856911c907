package dev.drover.operator.desk;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.api.v1alpha1.FailedRecord;
import dev.drover.api.v1alpha1.Redrive;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.utils.Serialization;
import org.junit.jupiter.api.Test;

class RequesterTest {
  private static final String MANAGERS =
      """
      {manager: fabric8-kubernetes-client, operation: Update, time: "2026-01-01T00:00:00Z", fieldsV1: {"f:spec": {}}},
      {manager: kubectl-patch, operation: Update, time: "2026-01-01T00:00:00Z", fieldsV1: {"f:spec": {}}},
      {manager: other, operation: Update, time: "2026-01-01T00:09:00Z", fieldsV1: {"f:metadata": {}}},
      {manager: drover-desk, operation: Apply, subresource: status, time: "2026-01-01T00:08:00Z", fieldsV1: {"f:status": {}}}
      """;

  private static <T extends HasMetadata> T resource(
      Class<T> type, String annotations, String managedFields) {
    return Serialization.unmarshal(
        """
        apiVersion: drover.dev/v1alpha1
        kind: %s
        metadata:
          name: r
          annotations: {%s}
          managedFields: [%s]
        """
            .formatted(type.getSimpleName(), annotations, managedFields),
        type);
  }

  private static FailedRecord record(String annotations, String managedFields) {
    return resource(FailedRecord.class, annotations, managedFields);
  }

  @Test
  void the_user_that_the_admission_policy_noted_comes_first() {
    assertThat(new Requester(true).of(record("drover.dev/asked-by: ann", MANAGERS)))
        .isEqualTo("ann");
  }

  @Test
  void a_note_is_not_believed_where_no_policy_guards_it() {
    assertThat(new Requester(false).of(record("drover.dev/asked-by: ann", MANAGERS)))
        .isEqualTo("kubectl-patch");
  }

  @Test
  void without_a_note_it_is_the_field_manager_that_wrote_spec_last() {
    assertThat(new Requester(true).of(record("", MANAGERS))).isEqualTo("kubectl-patch");
    assertThat(new Requester(true).of(record("drover.dev/asked-by: ''", MANAGERS)))
        .isEqualTo("kubectl-patch");
    assertThat(new Requester(true).of(record("", ""))).isNull();
  }

  @Test
  void a_redrive_may_be_made_by_a_program_of_the_operators_kind() {
    assertThat(
            new Requester(false)
                .of(
                    resource(
                        Redrive.class,
                        "",
                        "{manager: fabric8-kubernetes-client, operation: Update, time: \"2026-01-01T00:00:00Z\", fieldsV1: {\"f:spec\": {}}}")))
        .isEqualTo("fabric8-kubernetes-client");
  }
}
