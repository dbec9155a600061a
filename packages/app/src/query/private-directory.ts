/**
 * The private directory of this process for verified copies and spilled tables: node-local, mode 0700, gone
 * when the process closes. A crashed process leaves its own behind; a later one takes it away.
 */
import { lstat, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LamellaError } from '@lamella/store';

const NAME = /^lamella-(\d+)-[A-Za-z0-9]{6}$/;
/** A directory of a dead process is taken away only when this old: its pid may live in another container. */
const STALE_AFTER_MS = 24 * 3600_000;

/** Creates it. Errors: unavailable (the temporary directory cannot be written). */
export async function createPrivateDirectory(parent: string = tmpdir()): Promise<string> {
  await removeStale(parent);
  try {
    return await mkdtemp(join(parent, `lamella-${process.pid}-`));
  } catch (error) {
    throw new LamellaError(
      'unavailable',
      `cannot create a private directory in ${parent}; free space there or set TMPDIR to a local directory that can be written`,
      { cause: error },
    );
  }
}

async function removeStale(parent: string): Promise<void> {
  const names = await readdir(parent).catch(() => []);
  for (const name of names) {
    const pid = NAME.exec(name)?.[1];
    if (pid === undefined || isAlive(Number(pid))) {
      continue;
    }
    const path = join(parent, name);
    const info = await lstat(path).catch(() => null);
    const ours = info?.isDirectory() === true && info.uid === process.getuid?.();
    if (ours && Date.now() - info.mtimeMs > STALE_AFTER_MS) {
      await rm(path, { recursive: true, force: true });
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives and is somebody else's.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
