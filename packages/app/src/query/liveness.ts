/**
 * The state of a run, derived without trusting anybody's clock: a writer lives while its highest flush number
 * moves, as this process sees it on its own monotonic clock. A label, never a gate.
 *
 * At the first sight of a writer nothing has moved yet; there the age of the run's newest record by the wall
 * clock is taken as a hint, and corrected as soon as a flush arrives.
 */
import type { RunState } from '../procedures/types.ts';
import type { RunFacts } from './facts.ts';

/** A living writer flushes at least every 60 s (storage: heartbeat); half as much again allows for delay. */
export const SILENT_AFTER_MS = 90_000;

/** What this process has seen of one writer. */
export interface WriterPulse {
  highest: number;
  /** Monotonic milliseconds when `highest` was last seen to move (or is believed to have). */
  movedAt: number;
  ended: boolean;
}

export interface StateLabel {
  readonly state: RunState;
  readonly reason: string;
}

/**
 * Notes a new sight of a writer. `recordAgeMs` is the age of the newest record of its run, used only where
 * the writer was not known before.
 */
export function notePulse(
  pulses: Map<string, WriterPulse>,
  writer: { readonly id: string; readonly highest: number; readonly ended: boolean },
  now: number,
  recordAgeMs: number,
): void {
  const known = pulses.get(writer.id);
  if (!known) {
    pulses.set(writer.id, {
      highest: writer.highest,
      movedAt: now - Math.max(0, recordAgeMs),
      ended: writer.ended,
    });
    return;
  }
  if (writer.highest > known.highest) {
    known.highest = writer.highest;
    known.movedAt = now;
  }
  known.ended ||= writer.ended;
}

/**
 * Of each rank only the writer that started last counts: a resumed run is judged by its resumption. Any
 * moving writer makes the run running; else a failure makes it failed; else it is ended when all are.
 */
export function labelRun(pulses: ReadonlyMap<string, WriterPulse>, facts: RunFacts, now: number): StateLabel {
  const current = latestPerRank(pulses, facts);
  let quietMs = Number.POSITIVE_INFINITY;
  let failure: string | null = null;
  let open = 0;
  for (const [id, pulse] of current) {
    const end = facts.writers.get(id)?.end ?? null;
    if (!pulse.ended && !end) {
      open++;
      quietMs = Math.min(quietMs, now - pulse.movedAt);
    } else if (end?.state === 'failed') {
      failure ??= end.reason ?? 'finished as failed';
    }
  }
  if (quietMs < SILENT_AFTER_MS) {
    return { state: 'running', reason: `${open} of ${current.size} writers publishing` };
  }
  if (failure !== null) {
    return { state: 'failed', reason: failure };
  }
  if (current.size > 0 && open === 0) {
    return { state: 'ended', reason: 'every writer published its end' };
  }
  return {
    state: 'silent',
    reason: current.size === 0 ? 'nothing readable yet' : `no flush for ${duration(quietMs)}`,
  };
}

function latestPerRank(
  pulses: ReadonlyMap<string, WriterPulse>,
  facts: RunFacts,
): ReadonlyMap<string, WriterPulse> {
  const latest = new Map<number, { id: string; startedUs: number }>();
  const current = new Map<string, WriterPulse>();
  for (const [id, pulse] of pulses) {
    const writer = facts.writers.get(id);
    if (!writer) {
      current.set(id, pulse);
      continue;
    }
    const known = latest.get(writer.rank);
    if (!known || known.startedUs < writer.startedUs) {
      if (known) {
        current.delete(known.id);
      }
      latest.set(writer.rank, { id, startedUs: writer.startedUs });
      current.set(id, pulse);
    }
  }
  return current;
}

/** `140 s`, `12 min`, `5 h`, `3 d`. */
function duration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 600) {
    return `${seconds} s`;
  }
  const minutes = Math.round(seconds / 60);
  if (minutes < 120) {
    return `${minutes} min`;
  }
  const hours = Math.round(minutes / 60);
  return hours < 72 ? `${hours} h` : `${Math.round(hours / 24)} d`;
}
