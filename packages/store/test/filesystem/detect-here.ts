/**
 * Detects, in the mount namespace it is started in: `detect-here [--timeout MS] [--probe] PATH…` prints one line
 * of JSON per path.
 */
import { parseArgs } from 'node:util';
import { detectFilesystem } from '../../src/filesystem/detect.ts';
import { probeDirectory } from '../../src/filesystem/probe.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { timeout: { type: 'string', default: '10000' }, probe: { type: 'boolean', default: false } },
});
const timeoutMs = Number(values.timeout);
for (const path of positionals) {
  const found = values.probe
    ? await probeDirectory(path, { timeoutMs })
    : await detectFilesystem(path, { timeoutMs, env: {} });
  process.stdout.write(`${JSON.stringify(found)}\n`);
}
