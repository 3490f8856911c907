/**
 * Reads a PostgreSQL source: what is there ({@link dev.drover.worker.source.Catalog}), where to cut
 * it ({@link dev.drover.worker.source.SplitCutter}), and its rows ({@link
 * dev.drover.worker.source.RangeReader}). {@link dev.drover.worker.source.SourcePlanner} is the
 * first two together.
 */
@org.jspecify.annotations.NullMarked
package dev.drover.worker.source;
