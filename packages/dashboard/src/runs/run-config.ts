/** What tells runs apart: the config keys on which they differ, in a few words. */
import type { RunRow } from 'lamella/procedures';

import { formatValue } from '../chart/format.ts';

type Config = RunRow['config'];

/** Names on which at least two runs differ, most telling first: few distinct values before many. */
export function differingKeys(runs: readonly Pick<RunRow, 'config'>[]): string[] {
  const seen = new Map<string, Map<string, number>>();
  for (const { config } of runs) {
    for (const [key, value] of Object.entries(config)) {
      const values = seen.get(key) ?? new Map<string, number>();
      const text = JSON.stringify(value);
      values.set(text, (values.get(text) ?? 0) + 1);
      seen.set(key, values);
    }
  }
  const differing: [string, number][] = [];
  for (const [key, values] of seen) {
    const holders = [...values.values()].reduce((sum, count) => sum + count, 0);
    const distinct = values.size + (holders < runs.length ? 1 : 0);
    if (distinct > 1 && !key.startsWith('_')) differing.push([key, distinct]);
  }
  return differing.sort((a, b) => a[1] - b[1] || (a[0] < b[0] ? -1 : 1)).map(([key]) => key);
}

/** A config value in one line. */
export function formatConfig(value: unknown): string {
  if (typeof value === 'number') return formatValue(value);
  if (typeof value === 'string') return value;
  return JSON.stringify(value);
}

/** Such as `lr 0.01 · batch 64`, of the keys that the run has. */
export function describeConfig(config: Config, keys: readonly string[]): string {
  return keys
    .filter((key) => Object.hasOwn(config, key))
    .map((key) => `${key} ${formatConfig(config[key])}`)
    .join(' · ');
}
