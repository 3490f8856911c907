package dev.drover.worker.rules;

import dev.cel.common.types.CelType;
import dev.cel.common.values.NullValue;
import dev.cel.common.values.StructValue;
import dev.drover.wire.schema.Column;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * {@code record} to an expression: a view of the working array by the fields of a layout. Converts
 * a value when it is read, and only then.
 */
@SuppressWarnings("Immutable") // Lives for one evaluation, in which nobody writes to the array.
final class RecordValue extends StructValue<String, RecordValue> {
  private final RecordLayout layout;
  private final @Nullable Object[] slots;

  RecordValue(RecordLayout layout, @Nullable Object[] slots) {
    this.layout = layout;
    this.slots = slots;
  }

  // Hot: once per field that a rule reads, per record.
  @Override
  public Object select(String name) {
    RecordLayout.Field field = layout.find(name);
    Column column = field == null ? null : field.column();
    if (field == null || column == null) {
      throw new IllegalStateException("field " + name + " was not checked against the schema");
    }
    return CelForm.of(column.type(), slots[field.slot()]);
  }

  @Override
  public Optional<Object> find(String name) {
    Object value = select(name);
    return value instanceof NullValue ? Optional.empty() : Optional.of(value);
  }

  @Override
  public RecordValue value() {
    return this;
  }

  @Override
  public boolean isZeroValue() {
    return false;
  }

  @Override
  public CelType celType() {
    return layout.type();
  }
}
