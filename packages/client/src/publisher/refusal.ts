/**
 * A store that will never take what this version writes (it was made by a newer format), as against one that cannot
 * take it now (full, not mounted, no permission): for that one the writer tries again, for the other it must not.
 */
import type { Backend } from '@lamella/store';

/** Error kinds that no further attempt can cure. */
const FINAL: ReadonlySet<unknown> = new Set(['unsupported', 'invalid']);

/**
 * `backend`, but `refused` is told when it refuses a publish for good. That publish then never answers: its writer
 * would only announce that it tries again.
 */
export function watchRefusal(backend: Backend, refused: (reason: string) => void): Backend {
  return {
    ...backend,
    async publish(key, source) {
      try {
        await backend.publish(key, source);
      } catch (error) {
        if (!(error instanceof Error && 'kind' in error && FINAL.has(error.kind))) throw error;
        refused(error.message);
        await new Promise<never>(() => undefined);
      }
    },
  };
}
