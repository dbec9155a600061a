/** Runs of a project with state, config, totals and problems. */
import { z } from 'zod';
import { listRuns as listSnapshotRuns } from '../query/listing.ts';
import type { Procedure } from './procedure.ts';
import { projectField } from './request.ts';

export const listRuns: Procedure<'list_runs'> = {
  name: 'list_runs',
  summary: 'Runs of a project: name, state, config, totals, problems.',
  request: z.strictObject({ project: projectField }),
  async run({ snapshots }, { project }) {
    const feed = await snapshots.feed(project);
    await feed.fresh();
    return { project, runs: listSnapshotRuns(feed.snapshot) };
  },
};
