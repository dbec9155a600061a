/** A store in memory: for tests, simulations, and whatever need not survive the process. */
import { LamellaError } from '../record/error.ts';
import { checkNotAborted } from './abort.ts';
import type { Backend, ByteRange, ByteSource, Listing, ListOptions } from './backend.ts';
import { checkKey, checkPrefix } from './key.ts';

/** An empty store. An object becomes visible whole, at the moment its publish resolves. */
export function createMemoryBackend(): Backend {
  const objects = new Map<string, Uint8Array>();
  return {
    name: 'memory',

    async list(prefix: string, options: ListOptions = {}): Promise<Listing> {
      checkPrefix(prefix);
      checkNotAborted(prefix, options.signal);
      const found: { key: string; size: number }[] = [];
      const prefixes = new Set<string>();
      for (const [key, bytes] of objects) {
        if (!key.startsWith(prefix)) continue;
        const slash = options.delimiter === undefined ? -1 : key.indexOf('/', prefix.length);
        if (slash < 0) found.push({ key, size: bytes.length });
        else prefixes.add(key.slice(0, slash + 1));
      }
      return { objects: found, prefixes: [...prefixes] };
    },

    async read(key: string, range?: ByteRange): Promise<Uint8Array> {
      checkKey(key);
      const bytes = objects.get(key);
      if (bytes === undefined) throw new LamellaError('not-found', `there is no object ${key} in this store`);
      return range === undefined ? bytes.slice() : bytes.slice(range.offset, range.offset + range.length);
    },

    async publish(key: string, source: ByteSource): Promise<void> {
      checkKey(key);
      const bytes = new Uint8Array(source.size);
      let offset = 0;
      for await (const chunk of source.chunks()) {
        if (offset + chunk.length > source.size) throw wrongSize(key, source.size);
        bytes.set(chunk, offset);
        offset += chunk.length;
      }
      if (offset !== source.size) throw wrongSize(key, source.size);
      objects.set(key, bytes);
    },

    async remove(key: string): Promise<void> {
      checkKey(key);
      objects.delete(key);
    },
  };
}

function wrongSize(key: string, size: number): LamellaError {
  return new LamellaError('internal', `the bytes for ${key} are not the ${size} that their source promised`);
}
