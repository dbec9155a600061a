/** Every procedure, once. */
import { LamellaError } from '@lamella/store';
import { listMetrics } from './list-metrics.ts';
import { listProjects } from './list-projects.ts';
import { listRuns } from './list-runs.ts';
import type { AnyProcedure, Procedure } from './procedure.ts';
import { parseRequest } from './request.ts';
import { series } from './series.ts';
import type { Procedures } from './types.ts';
import { values } from './values.ts';

export const PROCEDURES: readonly AnyProcedure[] = [
  callable(listProjects),
  callable(listRuns),
  callable(listMetrics),
  callable(series),
  callable(values),
];

/** The procedure of that name. Errors: not-found, with the names that exist. */
export function findProcedure(name: string): AnyProcedure {
  const procedure = PROCEDURES.find((known) => known.name === name);
  if (!procedure) {
    const names = PROCEDURES.map((known) => known.name).join(', ');
    throw new LamellaError('not-found', `no procedure ${JSON.stringify(name)}; there are ${names}`);
  }
  return procedure;
}

function callable<Name extends keyof Procedures>(procedure: Procedure<Name>): AnyProcedure {
  return {
    name: procedure.name,
    summary: procedure.summary,
    async call(context, body) {
      return procedure.run(context, parseRequest(procedure.name, procedure.request, body));
    },
  };
}
