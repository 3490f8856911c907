/**
 * Reads a PostgreSQL source: what is there ({@link dev.drover.worker.postgres.source.Catalog}),
 * where to cut it ({@link dev.drover.worker.postgres.source.SplitCutter}), and its rows ({@link
 * dev.drover.worker.postgres.source.RangeReader}). {@link
 * dev.drover.worker.postgres.source.SourcePlanner} is the first two together.
 */
@org.jspecify.annotations.NullMarked
package dev.drover.worker.postgres.source;
