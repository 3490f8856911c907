/**
 * A migration whose connections have caps, while its workers come, go, are rolled and killed;
 * started by bench/caps. The servers are asked all the time which sessions they have, see {@link
 * dev.drover.e2e.caps.SessionRecord} for the cap that each answer is judged by.
 */
package dev.drover.e2e.caps;
