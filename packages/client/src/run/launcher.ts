/**
 * Where a process stands among those that were started together: rank, world size and the launch's own id, from
 * the variables of torchrun, SLURM and MPI, in this order (torchrun inside a SLURM job counts as torchrun).
 *
 * All ranks of a launch see the same job id, so they agree on a run id without talking to each other.
 */
import { present } from './environment.ts';

export interface Place {
  readonly launcher: 'torchrun' | 'slurm' | 'mpi' | 'none';
  readonly rank: number;
  readonly worldSize: number;
  /** Rank on this host; 0 samples the host's system metrics. */
  readonly localRank: number;
  /** Equal in all ranks of a launch, different between launches; null where the launcher gives none. */
  readonly job: string | null;
}

interface Variables {
  readonly launcher: Place['launcher'];
  readonly rank: readonly string[];
  readonly worldSize: readonly string[];
  readonly localRank: readonly string[];
  /** All that are set, joined: the id of the launch. */
  readonly job: readonly string[];
}

/** Per launcher; within a list the first variable that is set counts (`job`: all of them). */
const LAUNCHERS: readonly Variables[] = [
  {
    launcher: 'torchrun',
    rank: ['RANK'],
    worldSize: ['WORLD_SIZE'],
    localRank: ['LOCAL_RANK'],
    job: ['TORCHELASTIC_RUN_ID'],
  },
  {
    launcher: 'slurm',
    rank: ['SLURM_PROCID'],
    worldSize: ['SLURM_STEP_NUM_TASKS', 'SLURM_NTASKS', 'SLURM_NPROCS'],
    localRank: ['SLURM_LOCALID'],
    job: ['SLURM_JOB_ID', 'SLURM_STEP_ID'],
  },
  {
    launcher: 'mpi',
    rank: ['OMPI_COMM_WORLD_RANK', 'PMIX_RANK', 'PMI_RANK', 'MV2_COMM_WORLD_RANK'],
    worldSize: ['OMPI_COMM_WORLD_SIZE', 'PMI_SIZE', 'MV2_COMM_WORLD_SIZE'],
    localRank: ['OMPI_COMM_WORLD_LOCAL_RANK', 'MPI_LOCALRANKID', 'MV2_COMM_WORLD_LOCAL_RANK'],
    job: ['PMIX_NAMESPACE'],
  },
];

const ALONE: Place = { launcher: 'none', rank: 0, worldSize: 1, localRank: 0, job: null };

const RANK_MAX = 2 ** 31 - 1;

/** This process's place; `warn` is called for every variable that is not allowed. */
export function readPlace(env: NodeJS.ProcessEnv, warn: (text: string) => void): Place {
  const variables = LAUNCHERS.find(({ rank }) => rank.some((name) => present(env[name]) !== null));
  if (!variables) return ALONE;
  const read = (names: readonly string[], min: number, fallback: number): number => {
    const name = names.find((candidate) => present(env[candidate]) !== null);
    if (name === undefined) return fallback;
    const text = present(env[name]) ?? '';
    const value = Number(text);
    if (Number.isInteger(value) && value >= min && value <= RANK_MAX) return value;
    warn(`${name}=${JSON.stringify(text)} is not an integer of at least ${min}; ${fallback} is used`);
    return fallback;
  };
  const rank = read(variables.rank, 0, 0);
  const worldSize = read(variables.worldSize, 1, rank + 1);
  if (rank >= worldSize) {
    warn(
      `rank ${rank} of ${variables.launcher} is not below its world size ${worldSize}; ${rank + 1} is used`,
    );
  }
  const job = variables.job
    .map((name) => present(env[name]))
    .filter((part) => part !== null && part !== 'none');
  return {
    launcher: variables.launcher,
    rank,
    worldSize: Math.max(worldSize, rank + 1),
    localRank: read(variables.localRank, 0, 0),
    // Only a step id without its job would not be unique: the first variable must be there.
    job: present(env[variables.job[0] ?? '']) === null || job.length === 0 ? null : job.join('.'),
  };
}
