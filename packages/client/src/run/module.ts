/**
 * `init`, and the functions of the module in Trackio's and W&B's manner: they mean the run that was begun last.
 */
import type { Metrics } from './call-encoder.ts';
import type { RunConfig } from './config.ts';
import { createConfig } from './config.ts';
import { planRun } from './options.ts';
import type { InitOptions } from './options.ts';
import { Run } from './run.ts';
import type { FinishResult, LogOptions } from './run.ts';
import { warnOnce } from './warning.ts';

let current: Run | null = null;

/** Config of the run that was begun last; changes are recorded. */
export let config: RunConfig = createConfig({}, () => {
  warnOnce('no-run:config', 'config: no run was begun, so the change is kept nowhere; call init first');
});

/**
 * Begins a run and returns at once. The run that this process began before, if it is unfinished, is finished in
 * the background. Errors: invalid (the message names the option and what is allowed), unsupported (`dir` is a URL).
 */
export function init(options: InitOptions): Run {
  const run = new Run(planRun(options, process.env));
  void current?.finish();
  current = run;
  ({ config } = run);
  return run;
}

/** `log` of the run that was begun last. */
export function log(metrics: Metrics, options?: LogOptions): void {
  if (current) current.log(metrics, options);
  else warnOnce('no-run', 'log: no run was begun, so nothing is kept; call init first');
}

/** `finish` of the run that was begun last. Without one there is nothing to do. */
export async function finish(): Promise<FinishResult> {
  const run = current;
  current = null;
  return (await run?.finish()) ?? { published: true, calls: 0, dropped: 0, lost: 0 };
}
