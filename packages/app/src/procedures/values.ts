/** The latest logged values of a key that are not plain numbers: tables, strings, nested values. */
import { z } from 'zod';
import { latestValues } from '../query/listing.ts';
import type { Procedure } from './procedure.ts';
import { metricField, projectField, runField } from './request.ts';

const LIMIT_DEFAULT = 10;
const LIMIT_MAX = 1000;

export const values: Procedure<'values'> = {
  name: 'values',
  summary: 'The latest values of one key that are not plain numbers, oldest first.',
  request: z
    .strictObject({
      project: projectField,
      run: runField,
      metric: metricField,
      limit: z.number().int().min(1).max(LIMIT_MAX).optional(),
    })
    .transform(({ limit, ...rest }) => (limit === undefined ? rest : { ...rest, limit })),
  async run({ snapshots, signal }, { project, run, metric, limit }) {
    const feed = await snapshots.feed(project);
    await feed.fresh();
    const asked = { run, metric, limit: limit ?? LIMIT_DEFAULT };
    return { values: await latestValues(snapshots.engine, feed.snapshot, asked, signal) };
  },
};
