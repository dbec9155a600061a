/** Series of many runs and metrics on a shared grid, or their points where there are few. */
import { z } from 'zod';
import { readSeries } from '../query/series.ts';
import type { Procedure } from './procedure.ts';
import { metricsField, projectField, runsField } from './request.ts';
import type { SeriesRequest } from './types.ts';

const BUCKETS_MAX = 4000;

export const series: Procedure<'series'> = {
  name: 'series',
  summary: 'Series reduced to buckets (first, last, min, max, mean, counts), or raw points when few.',
  request: z
    .strictObject({
      project: projectField,
      runs: runsField,
      metrics: metricsField,
      kind: z.enum(['metric', 'system']).optional(),
      x: z.enum(['step', 'time', 'relative']),
      range: z
        .tuple([z.number(), z.number()])
        .refine(([low, high]) => low <= high, 'the lower end comes first')
        .optional(),
      buckets: z.number().int().min(1).max(BUCKETS_MAX),
      logX: z.boolean().optional(),
    })
    // An absent field stays absent: undefined is not a value of the request's type.
    .transform(
      (body) =>
        Object.fromEntries(
          Object.entries(body).filter(([, v]) => v !== undefined),
        ) as unknown as SeriesRequest,
    ),
  async run({ snapshots, signal }, request) {
    const feed = await snapshots.feed(request.project);
    await feed.fresh();
    return readSeries(snapshots.engine, feed.snapshot, request, signal);
  },
};
