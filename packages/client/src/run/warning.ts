/**
 * Warnings to the person who trains: one line on stderr, and never twice about the same trouble, whatever the
 * number of runs and calls. Nothing else of this package prints.
 */

const told = new Set<string>();

/** A program that makes up a new trouble with every call must not fill memory or the terminal. */
const TOPICS_MAX = 1000;

/** Prints `lamella: <text>` unless something about `topic` was printed before. Never throws. */
export function warnOnce(topic: string, text: string): void {
  if (told.has(topic) || told.size >= TOPICS_MAX) return;
  told.add(topic);
  warn(text);
}

/** Prints `lamella: <text>`. Control characters in it (a metric's name may hold any) become spaces. */
export function warn(text: string): void {
  try {
    const { stderr } = process; // opened by this, where it was not used before
    // A pipe whose reader is gone says so by an event, which would end the process if nobody heard it.
    stderr.off('error', ignore).once('error', ignore);
    // oxlint-disable-next-line no-control-regex
    stderr.write(`lamella: ${text.replaceAll(/[\u0000-\u001F\u007F]+/g, ' ')}\n`, (error) => {
      if (!error) stderr.off('error', ignore);
    });
  } catch {
    // stderr is closed: there is nobody to tell, and that is no reason to stop a training.
  }
}

function ignore(): void {
  // As above: there is nobody to tell.
}

/** A name or value as it may stand in a message: quoted, and short. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 57)}...` : text);
}
