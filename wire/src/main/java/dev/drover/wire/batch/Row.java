package dev.drover.wire.batch;

import org.jspecify.annotations.Nullable;

/**
 * One record on its way through the chain. The position and the key are Drover's own and out of
 * reach of the rules; the values are the user's. The array is owned by whoever holds the row: a
 * stage that changes a value makes a new array.
 *
 * @param position index of the record within the batch as it was extracted, from 0
 * @param key the record's key at the source as text; a composite key is a JSON array of texts
 * @param values one value per column of the schema, of the class that {@link
 *     dev.drover.wire.schema.ColumnType} names
 */
public record Row(int position, String key, @Nullable Object[] values) {}
