/**
 * The short form of `npm run test:realfs -- shards`: SDK processes on one real NFS client, a reader on another, on
 * NFSv3 and NFSv4.2 at the same time. Everything else of this folder runs by command; see `results/`.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { type RunResult, runScenarios } from './run-scenarios.ts';
import { NFS_VERSIONS, type NfsVersion } from './volume.ts';

const found = new Map<NfsVersion, RunResult>();

beforeAll(async () => {
  const log = (line: string): void => console.log(`realfs: ${line}`);
  const run = async (nfs: NfsVersion): Promise<void> => {
    const options = { names: ['shards'], versions: [nfs], seconds: null, short: true, save: false, log };
    found.set(nfs, await runScenarios(options));
  };
  await Promise.all(NFS_VERSIONS.map(run));
}, 240_000);

describe.each(NFS_VERSIONS)('on NFSv%s with two clients', (nfs) => {
  it('a store loses, doubles and tears nothing when its writers are killed, and a reader elsewhere sees it all', (context) => {
    const { skipped = [], results = [] } = found.get(nfs) ?? {};
    for (const why of skipped) context.skip(why);
    const failed = results.flatMap(({ figures, notes }) => [...figures.filter(({ met }) => !met), ...notes]);
    expect(results).toHaveLength(1);
    expect(failed).toEqual([]);
  });
});
