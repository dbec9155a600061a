/**
 * `@lamella/client`: logging that never costs or kills a training step.
 *
 *     const run = init({ project: 'digits', config: { lr: 0.1 } });
 *     run.log({ 'train/loss': 0.3 });
 *     await run.finish();
 */
export type { Metrics } from './run/call-encoder.ts';
export type { RunConfig } from './run/config.ts';
export type { ErrorKind } from './run/error.ts';
export { LamellaError } from './run/error.ts';
export { config, finish, init, log } from './run/module.ts';
export type { InitOptions } from './run/options.ts';
export type { FinishResult, FlushResult, LogOptions } from './run/run.ts';
export { Run } from './run/run.ts';
export type { TableSource } from './run/table.ts';
export { Table } from './run/table.ts';
