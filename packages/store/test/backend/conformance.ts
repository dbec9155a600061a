/**
 * What every backend does, whatever is behind it. A backend's test calls `describeBackend` with how to open an
 * empty store, and lists the rules from which it deviates, each with its reason: a deviation is a skipped test
 * whose name says why, never a weaker test.
 */
import { createHash, randomBytes } from 'node:crypto';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Backend } from '../../src/backend/backend.ts';
import { bytesSource } from '../../src/backend/source.ts';
import type { LamellaError } from '../../src/record/error.ts';
import { nodeCodec } from '../../src/shard/node-codec.ts';

export interface Conformance {
  readonly name: string;
  /** A second handle on the store of the first one, as another process would have; or the same handle. */
  open(): Promise<{ readonly backend: Backend; readonly other: Backend }>;
  /** Rule → reason. */
  readonly deviations: Readonly<Record<string, string>>;
}

const PREFIX = 'project=p/run=r/';

export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

async function put(backend: Backend, key: string, bytes: Uint8Array = bytesOf(key)): Promise<void> {
  await backend.publish(key, bytesSource(bytes, nodeCodec));
}

async function keysBelow(backend: Backend, prefix: string, delimiter?: '/'): Promise<string[]> {
  const { objects, prefixes } = await backend.list(prefix, delimiter === undefined ? {} : { delimiter });
  return [...objects.map(({ key }) => key), ...prefixes].toSorted();
}

/** The kind of a LamellaError that a promise rejects with. */
export async function kindOf(promise: Promise<unknown>): Promise<string> {
  const error: unknown = await promise.then(
    () => new Error('it did not fail'),
    (reason: unknown) => reason,
  );
  return (error as LamellaError).kind ?? String(error);
}

export function describeBackend({ name, open, deviations }: Conformance): void {
  const rule = (text: string, body: () => Promise<void>): void => {
    const reason = deviations[/^\[(\w+)\]/.exec(text)?.[1] ?? ''];
    const suffix = reason === undefined ? '' : ` (not here: ${reason})`;
    // oxlint-disable-next-line vitest/expect-expect -- the bodies below assert
    test.skipIf(reason !== undefined)(`${text}${suffix}`, body);
  };
  let backend: Backend;
  let other: Backend;
  beforeEach(async () => {
    ({ backend, other } = await open());
  });

  describe(`${name}: keys and listings`, () => {
    rule(
      '[B1] a key or prefix that could leave the store, or that a listing would hide, is refused',
      async () => {
        const wrong = [
          '',
          '/a',
          'a//b',
          'a/',
          '../a',
          'a/../b',
          './a',
          'a/.t-x',
          '.hidden',
          'a\\b',
          'a\0b',
          'x'.repeat(256),
        ];
        for (const key of wrong) {
          expect(await kindOf(put(backend, key)), key).toBe('invalid');
          expect(await kindOf(backend.read(key)), key).toBe('invalid');
          expect(await kindOf(backend.remove(key)), key).toBe('invalid');
        }
        for (const prefix of ['a', '/', '../', 'a//', './', 'a/../']) {
          expect(await kindOf(backend.list(prefix)), prefix).toBe('invalid');
        }
        expect(await keysBelow(backend, '')).toEqual([]);
      },
    );

    rule('[B2] a listing has all names below its prefix, with sizes', async () => {
      await put(backend, '_marker');
      await put(backend, `${PREFIX}a`, new Uint8Array(1234));
      await put(backend, `${PREFIX}g00/b`);
      await put(backend, 'project=p/run=rr/c');
      expect(await keysBelow(other, PREFIX)).toEqual([`${PREFIX}a`, `${PREFIX}g00/b`]);
      expect(await keysBelow(other, '')).toHaveLength(4);
      const { objects } = await other.list(PREFIX);
      expect(objects).toContainEqual({ key: `${PREFIX}a`, size: 1234 });
    });

    rule('[B2] with a delimiter it has direct children only', async () => {
      await put(backend, '_marker');
      await put(backend, `${PREFIX}a`);
      await put(backend, `${PREFIX}g00/b`);
      await put(backend, `${PREFIX}g00/c`);
      expect(await keysBelow(other, '', '/')).toEqual(['_marker', 'project=p/']);
      expect(await keysBelow(other, PREFIX, '/')).toEqual([`${PREFIX}a`, `${PREFIX}g00/`]);
    });

    rule('[B2] a prefix that nobody wrote below is empty', async () => {
      await put(backend, `${PREFIX}a`);
      expect(await other.list('project=q/')).toEqual({ objects: [], prefixes: [] });
      expect(await other.list('project=q/run=r/', { delimiter: '/' })).toEqual({ objects: [], prefixes: [] });
      expect(await other.list(`${PREFIX}a/`)).toEqual({ objects: [], prefixes: [] });
    });

    rule('[B2] an aborted listing says so', async () => {
      await put(backend, `${PREFIX}a`);
      expect(await kindOf(other.list('', { signal: AbortSignal.abort() }))).toBe('unavailable');
    });
  });

  describe(`${name}: reading and removing`, () => {
    rule('[B4] a range is what it says, and ends with the object', async () => {
      const bytes = Uint8Array.from({ length: 1000 }, (_, i) => i % 251);
      await put(backend, `${PREFIX}a`, bytes);
      expect([...(await other.read(`${PREFIX}a`))]).toEqual([...bytes]);
      expect([...(await other.read(`${PREFIX}a`, { offset: 10, length: 5 }))]).toEqual([10, 11, 12, 13, 14]);
      expect([...(await other.read(`${PREFIX}a`, { offset: 990, length: 500 }))]).toEqual([
        ...bytes.subarray(990),
      ]);
      expect(await other.read(`${PREFIX}a`, { offset: 2000, length: 5 })).toHaveLength(0);
    });

    rule('[B4] a name that is not there is not-found', async () => {
      expect(await kindOf(other.read(`${PREFIX}a`))).toBe('not-found');
      await put(backend, `${PREFIX}a`);
      expect(await kindOf(other.read(`${PREFIX}b`))).toBe('not-found');
      expect(await kindOf(other.read(`${PREFIX}a/b`))).toBe('not-found');
    });

    rule('[B4] what a caller does to bytes that it read changes nothing', async () => {
      await put(backend, `${PREFIX}a`, bytesOf('abc'));
      (await backend.read(`${PREFIX}a`)).fill(0);
      expect(await backend.read(`${PREFIX}a`)).toEqual(bytesOf('abc'));
    });

    rule('[B8] remove is idempotent, and leaves the other names', async () => {
      await put(backend, `${PREFIX}a`);
      await put(backend, `${PREFIX}b`);
      await other.remove(`${PREFIX}a`);
      await backend.remove(`${PREFIX}a`);
      await backend.remove('project=q/run=r/never');
      expect(await keysBelow(backend, PREFIX)).toEqual([`${PREFIX}b`]);
      expect(await kindOf(backend.read(`${PREFIX}a`))).toBe('not-found');
    });
  });

  describe(`${name}: publishing`, () => {
    rule('[B5] an object is whole under its name when publish resolves, for everybody', async () => {
      const bytes = randomBytes(3_000_000);
      const chunks = [
        bytes.subarray(0, 1),
        bytes.subarray(1, 2_000_000),
        new Uint8Array(),
        bytes.subarray(2_000_000),
      ];
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      await backend.publish(`${PREFIX}a`, { size: bytes.length, sha256, chunks: () => chunks });
      expect(Buffer.compare(await other.read(`${PREFIX}a`), bytes)).toBe(0);
      await put(backend, `${PREFIX}empty`, new Uint8Array());
      expect(await other.read(`${PREFIX}empty`)).toHaveLength(0);
      expect(await keysBelow(other, PREFIX)).toEqual([`${PREFIX}a`, `${PREFIX}empty`]);
    });

    rule('[B5] until then nobody sees a part of it', async () => {
      const key = `${PREFIX}a`;
      const whole = bytesOf('0123456789'.repeat(50_000));
      const seen = new Set<number>();
      async function* slowly(): AsyncGenerator<Uint8Array> {
        for (let at = 0; at < whole.length; at += 100_000) {
          yield whole.subarray(at, at + 100_000);
          for (const { size } of (await other.list(PREFIX)).objects) seen.add(size);
          seen.add(
            await other.read(key).then(
              ({ length }) => length,
              () => -1,
            ),
          );
        }
      }
      await backend.publish(key, { size: whole.length, sha256: '', chunks: slowly });
      expect([...seen]).toEqual([-1]);
      expect(await other.read(key)).toHaveLength(whole.length);
    });

    rule(
      '[B6] the same name at the same time by many: all succeed, and no reader sees a mixture',
      async () => {
        const key = `${PREFIX}a`;
        const bytes = randomBytes(400_000);
        let isOver = false;
        const torn: string[] = [];
        const watch = async (): Promise<void> => {
          while (!isOver) {
            for (const { key: listed, size } of (await other.list(PREFIX)).objects) {
              if (listed !== key || size !== bytes.length) torn.push(`listed ${listed} with ${size} bytes`);
            }
            const read = await other.read(key).catch(() => null);
            if (read !== null && Buffer.compare(read, bytes) !== 0)
              torn.push(`read ${read.length} other bytes`);
            await new Promise((resolve) => setImmediate(resolve));
          }
        };
        const watching = watch();
        const publish = async (store: Backend): Promise<void> => {
          for (let i = 0; i < 5; i++) await put(store, key, bytes);
        };
        await Promise.all([publish(backend), publish(other), publish(backend), publish(other)]);
        isOver = true;
        await watching;
        expect(torn).toEqual([]);
        expect(await keysBelow(other, '')).toEqual([key]);
      },
    );

    rule('[B6] many names at the same time in a directory that is not there yet', async () => {
      const keys = Array.from({ length: 40 }, (_, i) => `${PREFIX}g0${i % 3}/${i}`);
      await Promise.all(keys.map((key, i) => put(i % 2 === 0 ? backend : other, key)));
      expect(await keysBelow(backend, PREFIX)).toEqual(keys.toSorted());
    });

    rule('[B7] a source that lies about its size, or fails, leaves nothing', async () => {
      const lying = { size: 5, sha256: '', chunks: () => [bytesOf('abc')] };
      await expect(backend.publish(`${PREFIX}a`, lying)).rejects.toThrow(`${PREFIX}a`);
      const tooMuch = { size: 2, sha256: '', chunks: () => [bytesOf('abc')] };
      await expect(backend.publish(`${PREFIX}a`, tooMuch)).rejects.toThrow(`${PREFIX}a`);
      const failing = {
        size: 3,
        sha256: '',
        *chunks(): Generator<Uint8Array> {
          yield bytesOf('a');
          throw new Error('the source fails');
        },
      };
      await expect(backend.publish(`${PREFIX}a`, failing)).rejects.toThrow('the source fails');
      expect(await keysBelow(other, '')).toEqual([]);
    });
  });
}
