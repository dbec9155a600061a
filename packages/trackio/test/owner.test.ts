import { existsSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  claimOwnership,
  type Owner,
  openDatabaseWriter,
  OWNER_STALE_MS,
  ownerPath,
  readOwner,
  thisOwner,
} from '../src/index.ts';
import { type Scratch, scratch } from './directories.ts';

let work: Scratch;
beforeAll(() => {
  work = scratch();
});
afterAll(() => work.dispose());

const ELSEWHERE: Owner = {
  host: 'node-17',
  boot_id: 'another-boot',
  pid: 4711,
  renewed: '2026-11-24T04:39:03.000Z',
};

describe('the owner file of a database', () => {
  it('names host, boot and process, and goes with its owner', () => {
    const path = join(work.path, 'mine.db');
    const me = thisOwner(Date.now());
    const ownership = claimOwnership(path, me);
    expect(readOwner(ownerPath(path))).toEqual(me);
    ownership.renew(Date.UTC(2030, 0, 1));
    expect(readOwner(ownerPath(path))?.renewed).toBe('2030-01-01T00:00:00.000Z');
    ownership.release();
    expect(existsSync(ownerPath(path))).toBe(false);
  });

  it('lets other processes of the same host write, and only the last one take the file away', () => {
    const path = join(work.path, 'same-host.db');
    const me = thisOwner(Date.now());
    const first = claimOwnership(path, me);
    const second = claimOwnership(path, { ...me, pid: me.pid + 1 });
    first.release();
    expect(readOwner(ownerPath(path))?.pid).toBe(me.pid + 1);
    second.release();
    expect(existsSync(ownerPath(path))).toBe(false);
  });

  it('refuses a second host, and names both ways out', () => {
    const path = join(work.path, 'theirs.db');
    claimOwnership(path, ELSEWHERE);
    expect(() => claimOwnership(path, thisOwner(Date.now()))).toThrowError(
      /node-17.*TRACKIO_STORAGE_MODE=parquet.*TRACKIO_DIR/s,
    );
    expect(() => openDatabaseWriter({ path, filesystem: 'network', env: {} })).toThrowError(/node-17/);
    expect(existsSync(path)).toBe(false);
    expect(readdirSync(work.path).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it('is nobody’s when it has not been renewed for a minute, by the clock of the file’s server', () => {
    const path = join(work.path, 'stale.db');
    claimOwnership(path, ELSEWHERE);
    const old = (Date.now() - OWNER_STALE_MS - 1000) / 1000;
    utimesSync(ownerPath(path), old, old);
    const ownership = claimOwnership(path, thisOwner(Date.now()));
    expect(readOwner(ownerPath(path))?.boot_id).toBe(thisOwner(0).boot_id);
    ownership.release();
  });

  it('stops an owner whose database another host has taken over', () => {
    const path = join(work.path, 'taken.db');
    const ownership = claimOwnership(path, thisOwner(Date.now()));
    writeFileSync(ownerPath(path), JSON.stringify(ELSEWHERE));
    expect(() => ownership.renew(Date.now())).toThrowError(/node-17/);
    ownership.release();
    expect(readOwner(ownerPath(path))).toEqual(ELSEWHERE);
  });

  it('that is not one is nobody’s', () => {
    const path = join(work.path, 'broken.db');
    writeFileSync(ownerPath(path), '{"host": "x"');
    claimOwnership(path, thisOwner(Date.now())).release();
    expect(existsSync(ownerPath(path))).toBe(false);
  });

  it('is not made on a local disk, which has one host', () => {
    const path = join(work.path, 'local.db');
    const writer = openDatabaseWriter({ path, filesystem: 'local', env: {} });
    expect(existsSync(ownerPath(path))).toBe(false);
    writer.close();
  });
});
