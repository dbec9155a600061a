import { homedir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readSettings, resolveStoreDir } from '../src/run/environment.ts';
import { readPlace } from '../src/run/launcher.ts';

describe('resolveStoreDir', () => {
  it('takes the argument, else TRACKIO_DIR, else HF_HOME, else the home of Trackio', () => {
    const env = { TRACKIO_DIR: '/scratch/runs', HF_HOME: '/hf', HOME: '/home/ada' };
    expect(resolveStoreDir(env, '/given')).toBe('/given');
    expect(resolveStoreDir(env)).toBe('/scratch/runs');
    expect(resolveStoreDir({ ...env, TRACKIO_DIR: ' ' })).toBe('/hf/trackio');
    expect(resolveStoreDir({ HOME: '/home/ada' })).toBe('/home/ada/.cache/huggingface/trackio');
    expect(resolveStoreDir({})).toBe(join(homedir(), '.cache/huggingface/trackio'));
    expect(resolveStoreDir({ HOME: '/home/ada', TRACKIO_DIR: '~/runs' })).toBe('/home/ada/runs');
    expect(resolveStoreDir({}, 'here')).toBe(join(process.cwd(), 'here'));
  });

  it('refuses the URL of an object store and says what is allowed', () => {
    expect(() => resolveStoreDir({ TRACKIO_DIR: 's3://bucket/runs' })).toThrow(
      expect.objectContaining({
        name: 'LamellaError',
        kind: 'unsupported',
        message: expect.stringContaining('path'),
      }),
    );
  });
});

describe('readSettings', () => {
  it('uses the default for what is not allowed, and tells variable, value, what is allowed and what is used', () => {
    const told: string[] = [];
    const settings = readSettings({ LAMELLA_BUFFER_MB: 'many', LAMELLA_FINISH_SECONDS: '2' }, (text) =>
      told.push(text),
    );
    expect(settings.bufferBytes).toBe(64 * 1024 * 1024);
    expect(settings.finishMs).toBe(2000);
    expect(told).toStrictEqual(['LAMELLA_BUFFER_MB="many" is not a number from 1 to 65536; 64 is used']);
  });
});

const nothing = (): void => undefined;

describe('readPlace', () => {
  it('is alone without a launcher', () => {
    expect(readPlace({}, nothing)).toStrictEqual({
      launcher: 'none',
      rank: 0,
      worldSize: 1,
      localRank: 0,
      job: null,
    });
  });

  it('reads torchrun, also inside a SLURM job; its default run id "none" is no id', () => {
    const env = {
      RANK: '3',
      WORLD_SIZE: '8',
      LOCAL_RANK: '1',
      TORCHELASTIC_RUN_ID: 'abc',
      SLURM_PROCID: '0',
      SLURM_JOB_ID: '9',
    };
    expect(readPlace(env, nothing)).toStrictEqual({
      launcher: 'torchrun',
      rank: 3,
      worldSize: 8,
      localRank: 1,
      job: 'abc',
    });
    expect(readPlace({ ...env, TORCHELASTIC_RUN_ID: 'none' }, nothing).job).toBeNull();
  });

  it('reads SLURM: every step of a job is a launch of its own', () => {
    const env = {
      SLURM_PROCID: '5',
      SLURM_NTASKS: '16',
      SLURM_LOCALID: '1',
      SLURM_JOB_ID: '77',
      SLURM_STEP_ID: '2',
    };
    expect(readPlace(env, nothing)).toStrictEqual({
      launcher: 'slurm',
      rank: 5,
      worldSize: 16,
      localRank: 1,
      job: '77.2',
    });
  });

  it('reads Open MPI and the others', () => {
    const open = { OMPI_COMM_WORLD_RANK: '1', OMPI_COMM_WORLD_SIZE: '4', OMPI_COMM_WORLD_LOCAL_RANK: '1' };
    expect(readPlace({ ...open, PMIX_NAMESPACE: 'prte@1' }, nothing)).toStrictEqual({
      launcher: 'mpi',
      rank: 1,
      worldSize: 4,
      localRank: 1,
      job: 'prte@1',
    });
    expect(readPlace({ PMI_RANK: '2', PMI_SIZE: '4' }, nothing)).toMatchObject({
      launcher: 'mpi',
      rank: 2,
      worldSize: 4,
      job: null,
    });
  });

  it('uses a default for a rank that is none, and tells it', () => {
    const told: string[] = [];
    expect(readPlace({ RANK: 'first', WORLD_SIZE: '4' }, (text) => told.push(text))).toMatchObject({
      rank: 0,
      worldSize: 4,
    });
    expect(told).toStrictEqual(['RANK="first" is not an integer of at least 0; 0 is used']);
  });
});
