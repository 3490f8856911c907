package dev.drover.operator.desk;

import dev.drover.api.v1alpha1.FailedRecord;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ManagedFieldsEntry;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Who asked for what a resource's spec says. Pure and thread-safe.
 *
 * @param noted whether the chart's admission policy notes the user: only then is the note its own,
 *     for without the policy anybody can write it
 */
public record Requester(boolean noted) {
  /** Set by the chart's admission policy to the user who wrote spec last. */
  static final String ASKED_BY = "drover.dev/asked-by";

  private static final int TEXT_LIMIT = 500;

  /**
   * The user that the admission policy noted, else the field manager that wrote spec last; at most
   * 500 characters.
   *
   * @return null if nobody is known
   */
  public @Nullable String of(HasMetadata resource) {
    Map<String, String> annotations = resource.getMetadata().getAnnotations();
    String user = noted && annotations != null ? annotations.get(ASKED_BY) : null;
    String name = user == null || user.isEmpty() ? manager(resource) : user;
    return name == null ? null : RecordStatuses.cut(name, TEXT_LIMIT);
  }

  /** The operator makes resources with nothing asked, and changes their labels later. */
  private static @Nullable String manager(HasMetadata resource) {
    List<ManagedFieldsEntry> managers = resource.getMetadata().getManagedFields();
    boolean made = resource instanceof FailedRecord;
    return managers == null
        ? null
        : managers.stream()
            .filter(m -> m.getSubresource() == null || m.getSubresource().isEmpty())
            .filter(m -> !made || !isOperator(m))
            .filter(Requester::wroteSpec)
            .max(Comparator.comparing(m -> m.getTime() == null ? "" : m.getTime()))
            .map(ManagedFieldsEntry::getManager)
            .orElse(null);
  }

  private static boolean isOperator(ManagedFieldsEntry entry) {
    return entry.getManager() != null && entry.getManager().startsWith("fabric8");
  }

  private static boolean wroteSpec(ManagedFieldsEntry entry) {
    return entry.getFieldsV1() != null
        && entry.getFieldsV1().getAdditionalProperties().containsKey("f:spec");
  }
}
