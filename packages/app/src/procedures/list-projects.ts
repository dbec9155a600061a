/** Projects of the store. One that is open tells its newest record exactly, others by a glance at their last shards. */
import { z } from 'zod';
import type { Procedure } from './procedure.ts';
import type { ProjectRow } from './types.ts';

export const listProjects: Procedure<'list_projects'> = {
  name: 'list_projects',
  summary: 'Projects with their number of runs and time of the newest record.',
  request: z.strictObject({}),
  async run({ snapshots }) {
    const rows: ProjectRow[] = [];
    for (const name of await snapshots.listProjects()) {
      const { runs, lastActivity } = await snapshots.glance(name);
      rows.push({ name, runs, lastActivity });
    }
    return { projects: rows };
  },
};
