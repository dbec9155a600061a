/**
 * The directory of a run's store, opened (and created) before the first verb rather than at the start: a disk that is
 * full, hung or not mounted yet is then just one more reason for the writer to try again, and to tell it once.
 */
import type { Backend } from '@lamella/store';
import { openStore } from '@lamella/store/node';

/** Every verb waits for the store; while that cannot be opened, each fails as opening did. */
export function storeBackend(dir: string): Backend {
  let opening: Promise<Backend> | null = null;
  const opened = async (): Promise<Backend> => {
    opening ??= openStore(dir, { create: true });
    try {
      return await opening;
    } catch (error) {
      opening = null;
      throw error;
    }
  };
  return {
    name: dir,
    list: async (prefix, options) => await (await opened()).list(prefix, options),
    read: async (key, range) => await (await opened()).read(key, range),
    publish: async (key, source) => await (await opened()).publish(key, source),
    remove: async (key) => await (await opened()).remove(key),
  };
}
