/** The chart, rendered by helm. */
package dev.drover.operator.chart;
