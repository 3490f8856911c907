package dev.drover.operator.scaling;

/**
 * One look at a stage.
 *
 * @param at when, in seconds that scaling has watched
 * @param arrived records ever handed to it
 * @param completed records ever decided
 * @param ready workers that were ready
 * @param saturated whether every worker had work and nothing held it back
 */
record Sample(double at, long arrived, long completed, int ready, boolean saturated) {}
