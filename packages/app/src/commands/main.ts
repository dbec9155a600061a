/**
 * The process of the `lamella` command, run by importing this file: signals, streams and the exit code. What
 * it does is in `command-line.ts`.
 */
import { runCommandLine } from './command-line.ts';

const stop = new AbortController();
const onSignal = (): void => {
  // A second signal means at once.
  if (stop.signal.aborted) {
    process.exit(130);
  }
  stop.abort();
};
process.on('SIGINT', onSignal);
process.on('SIGTERM', onSignal);
// A reader that has seen enough (`lamella list runs | head`) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? 0 : 1);
});
process.exitCode = await runCommandLine(process.argv.slice(2), {
  output: { out: (text) => process.stdout.write(text), err: (text) => process.stderr.write(text) },
  env: process.env,
  signal: stop.signal,
});
process.off('SIGINT', onSignal);
process.off('SIGTERM', onSignal);
