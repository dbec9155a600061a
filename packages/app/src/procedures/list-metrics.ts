/** Metric names of a project, or of some of its runs, with their types. */
import { z } from 'zod';
import { listMetrics as listSnapshotMetrics } from '../query/listing.ts';
import type { Procedure } from './procedure.ts';
import { projectField, runsField } from './request.ts';

export const listMetrics: Procedure<'list_metrics'> = {
  name: 'list_metrics',
  summary: 'Metric names with kind, type, number of points and of runs.',
  request: z
    .strictObject({ project: projectField, runs: runsField.optional() })
    .transform(({ project, runs }) => (runs ? { project, runs } : { project })),
  async run({ snapshots, signal }, { project, runs }) {
    const feed = await snapshots.feed(project);
    await feed.fresh();
    return { project, metrics: await listSnapshotMetrics(snapshots.engine, feed.snapshot, runs, signal) };
  },
};
