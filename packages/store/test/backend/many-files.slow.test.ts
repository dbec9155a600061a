/** A directory with more files than a call of a function can have arguments: a long run that nobody has merged. */
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createFilesystemBackend } from '../../src/backend/filesystem.ts';

test('[B2] 150,000 files in one directory are listed', { timeout: 120_000 }, async () => {
  const root = mkdtempSync(join(tmpdir(), 'lamella-many-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  mkdirSync(join(root, 'project=p'));
  for (let i = 0; i < 150_000; i++) closeSync(openSync(join(root, 'project=p', `f${i}`), 'w'));
  const backend = createFilesystemBackend(root);
  expect((await backend.list('project=p/', { delimiter: '/' })).objects).toHaveLength(150_000);
  expect((await backend.list('')).objects).toHaveLength(150_000);
});
