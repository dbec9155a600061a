/**
 * The publisher stands back behind the training: on busy cores a training step must not wait for an encoded shard.
 * Five steps of nice leave it a quarter of a core against one busy thread, which is many times what it needs.
 */
import { readdirSync, writeFileSync } from 'node:fs';
import { getPriority, setPriority } from 'node:os';

/** On the scale of nice, relative to the training, which may be nice itself. */
const STEPS = 5;
const NICE_MAX = 19;

/** To be called before any other thread is started: a thread inherits the priority of the one that starts it. */
export function standBack(): void {
  const nice = Math.min(NICE_MAX, getPriority() + STEPS);
  for (const thread of threads()) attempt(() => setPriority(thread, nice));
  // Linux may schedule sessions against each other (autogroup) and nice only within one. The publisher has a session of
  // its own, so there nice alone changes nothing: measured against a busy loop, half of the core instead of a fifth.
  attempt(() => writeFileSync('/proc/self/autogroup', String(STEPS)));
}

/** On Linux nice is a thread's own, and V8's threads have been started already. Elsewhere 0 is the whole process. */
function threads(): readonly number[] {
  try {
    return readdirSync('/proc/self/task').map(Number);
  } catch {
    return [0];
  }
}

function attempt(change: () => void): void {
  try {
    change();
  } catch {
    // A system without it, a sandbox that forbids it, a thread that is gone: a publisher as important as the
    // training is a smaller trouble than none.
  }
}
