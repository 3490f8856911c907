package dev.drover.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a Migration asks for. Lists that the manifest omits are empty here. */
@JsonInclude(JsonInclude.Include.NON_NULL)
@ValidationRule(
    value =
        "self.stages.all(s, !has(s.extract) || self.connections.exists(c, c.name =="
            + " s.extract.connectionName))",
    message =
        "spec.stages[].extract.connectionName: name one of spec.connections; this one is not there")
@ValidationRule(
    value =
        "self.stages.all(s, !has(s.enrich) || !has(s.enrich.connectionName) ||"
            + " self.connections.exists(c, c.name == s.enrich.connectionName))",
    message =
        "spec.stages[].enrich.connectionName: name one of spec.connections; this one is not there")
@ValidationRule(
    value =
        "self.stages.all(s, !has(s.load) || self.connections.exists(c, c.name =="
            + " s.load.connectionName))",
    message =
        "spec.stages[].load.connectionName: name one of spec.connections; this one is not there")
@ValidationRule(
    value =
        "self.stages.all(s, !has(s.from) || self.stages.exists(t, t.name == s.from &&"
            + " !has(t.load)))",
    message =
        "spec.stages[].from: name a stage of this migration that has a queue (an extract, a"
            + " transform or an enrich)")
@ValidationRule(
    value =
        "self.stages.all(s, has(s.load) || self.stages.exists(t, has(t.from) && t.from == s.name))",
    message =
        "spec.stages: every extract, transform and enrich needs a stage that reads its queue (from: its"
            + " name); nothing may flow into nowhere")
@ValidationRule(
    value =
        "!has(self.abandonedStages) || self.abandonedStages.all(a, !self.stages.exists(s, s.name =="
            + " a))",
    message =
        "spec.abandonedStages: names stages that are taken out; this one is in spec.stages: take it"
            + " out of one of the two")
public record MigrationSpec(
    @Required
        @Size(min = 1, max = 20)
        @JsonPropertyDescription("The databases that stages read and write, referred to by name.")
        List<Connection> connections,
    @Required
        @Size(min = 1, max = 40)
        @JsonPropertyDescription(
            "The stations of the chain. An extract has no from; every other stage reads the queue of"
                + " exactly one stage; several stages may read one queue. At least one extract and"
                + " one load are needed.")
        List<Stage> stages,
    @JsonPropertyDescription("How the queues between the stages are kept.") @Default("{}")
        Queues queues,
    @JsonPropertyDescription("How failed records appear as FailedRecord resources.") @Default("{}")
        FailedRecords failedRecords,
    @JsonPropertyDescription(
            "How many records may fail at each stage before that stage is paused; a stage's own"
                + " errorBudget takes its place. Without either any number may fail. Records that are"
                + " sent again do not count.")
        @Nullable ErrorBudget errorBudget,
    @JsonPropertyDescription(
            "Run moves records. PlanOnly connects to every database, checks tables, types and rules,"
                + " reports in the Planned condition, and stops there. Set on one that runs, it stops"
                + " its workers as suspend does.")
        @Default("Run")
        Mode mode,
    @JsonPropertyDescription(
            "true stops every worker and keeps all queues, failures and progress; false goes on where"
                + " it stopped.")
        @Default("false")
        boolean suspend,
    @JsonPropertyDescription(
            "What happens, when the Migration is deleted, to queues that still hold records: Retain"
                + " keeps those in NATS, Delete drops them.")
        @Default("Retain")
        QueueDeletionPolicy queueDeletionPolicy,
    @Size(max = 40)
        @JsonPropertyDescription(
            "Stages that this edit, or one before, takes out of stages and that go without being"
                + " drained, with all stages behind them: what they have not worked on yet is given up,"
                + " and their target may lack it. For a target that is gone for good; their failed"
                + " records are to be waived first.")
        List<@Size(min = 1, max = 40) String> abandonedStages) {

  @SuppressWarnings("NullAway") // absent fields of a stored manifest arrive as null
  public MigrationSpec {
    connections = connections == null ? List.of() : List.copyOf(connections);
    stages = stages == null ? List.of() : List.copyOf(stages);
    queues = queues == null ? Queues.DEFAULT : queues;
    failedRecords = failedRecords == null ? FailedRecords.DEFAULT : failedRecords;
    mode = mode == null ? Mode.Run : mode;
    queueDeletionPolicy =
        queueDeletionPolicy == null ? QueueDeletionPolicy.Retain : queueDeletionPolicy;
    abandonedStages = abandonedStages == null ? List.of() : List.copyOf(abandonedStages);
  }

  /** Whether a Migration moves records. */
  public enum Mode {
    /** Plan, then move records. */
    Run,
    /** Plan only. */
    PlanOnly
  }

  /** What becomes of queues that still hold records. */
  public enum QueueDeletionPolicy {
    /** They stay in NATS. */
    Retain,
    /** They are dropped. */
    Delete
  }

  /** How queues are kept. */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Queues(
      @JsonPropertyDescription(
              "The most bytes one queue may hold on disk, such as 2Gi. A full queue holds back the"
                  + " stage that writes it; nothing is ever discarded.")
          @Default("1Gi")
          @io.fabric8.generator.annotation.Pattern("^[1-9][0-9]*(Mi|Gi|Ti|M|G|T)$")
          @Size(max = 12)
          @Nullable String maxBytes,
      @JsonPropertyDescription(
              "Copies that NATS keeps of each queue: 1, 3 or 5. More than 1 needs a NATS cluster of"
                  + " that many servers.")
          @Default("1")
          @io.fabric8.generator.annotation.Min(1)
          @io.fabric8.generator.annotation.Max(5)
          @ValidationRule(value = "self in [1, 3, 5]", message = "spec.queues.replicas: 1, 3 or 5")
          @Nullable Integer replicas) {
    static final Queues DEFAULT = new Queues("1Gi", 1);

    public Queues {
      maxBytes = maxBytes == null ? "1Gi" : maxBytes;
      replicas = replicas == null ? 1 : replicas;
    }
  }

  /** How failures are shown. */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record FailedRecords(
      @JsonPropertyDescription(
              "The most FailedRecord resources that exist for this Migration at a time, spread over"
                  + " the causes. The error queue holds every failed record whatever this says; 0"
                  + " makes no resources.")
          @Default("200")
          @io.fabric8.generator.annotation.Min(0)
          @io.fabric8.generator.annotation.Max(5000)
          @Nullable Integer maxResources,
      @JsonPropertyDescription(
              "How long the resource of a record that is resolved or waived stays, in seconds, if there"
                  + " is room for it. Then it is removed, and another open failure takes its place.")
          @Default("3600")
          @io.fabric8.generator.annotation.Min(0)
          @io.fabric8.generator.annotation.Max(31536000)
          @Nullable Integer ttlSecondsAfterResolved,
      @JsonPropertyDescription(
              "How much of a failed record is shown. Full: the record, with the fields of redact"
                  + " masked. Redacted: its field names and its key, every other value masked."
                  + " KeysOnly: its key alone. The error queue holds the record whatever this says, so"
                  + " a replay works.")
          @Default("Full")
          @Nullable Payload payload,
      @Size(max = 500)
          @JsonPropertyDescription(
              "Fields whose values are shown to nobody, as JSON pointers: /email. They are masked in"
                  + " FailedRecords, samples and messages, at every stage that has a field of that name;"
                  + " a pointer into a JSON column masks the column. A correction may still name them,"
                  + " and is itself shown as it was written.")
          @Nullable
              List<
                  @Size(min = 2, max = 200)
                  @io.fabric8.generator.annotation.Pattern("^(/([^/~]|~0|~1)+)+$") String>
              redact) {
    static final FailedRecords DEFAULT = new FailedRecords(200, 3600, Payload.Full, List.of());

    public FailedRecords {
      maxResources = maxResources == null ? 200 : maxResources;
      ttlSecondsAfterResolved = ttlSecondsAfterResolved == null ? 3600 : ttlSecondsAfterResolved;
      payload = payload == null ? Payload.Full : payload;
      redact = redact == null ? List.of() : List.copyOf(redact);
    }

    /** How much of a failed record is shown. */
    public enum Payload {
      /** The record, but for masked fields. */
      Full,
      /** Field names and the key. */
      Redacted,
      /** The key. */
      KeysOnly
    }
  }

  /** The same with other stages. */
  public MigrationSpec withStages(List<Stage> others) {
    return new MigrationSpec(
        connections,
        others,
        queues,
        failedRecords,
        errorBudget,
        mode,
        suspend,
        queueDeletionPolicy,
        abandonedStages);
  }
}
