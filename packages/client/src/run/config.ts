/**
 * A run's config as the program sees it: an object whose changes are recorded. `config.lr = 0.1` and
 * `config.update({lr: 0.1})` write one config row per name; what cannot be kept is ignored with a warning.
 */
import { configText } from './options.ts';
import { warnOnce } from './warning.ts';

/** Values by name, and `update`, which changes several at once. */
export type RunConfig = Record<string, unknown> & {
  update(values: Readonly<Record<string, unknown>>): void;
};

/**
 * `changed` gets the JSON text of every value that is set from now on, by name, one at a time. Values of `initial` count as
 * recorded already.
 */
export function createConfig(
  initial: Readonly<Record<string, unknown>>,
  changed: (texts: Readonly<Record<string, string>>) => void,
): RunConfig {
  const values: Record<string, unknown> = { ...initial };
  const update = (given: Readonly<Record<string, unknown>>): void => {
    for (const [key, value] of Object.entries(given ?? {})) {
      try {
        changed({ [key]: configText(key, value) });
        values[key] = value;
      } catch (error) {
        warnOnce(`config:${key}`, (error as Error).message);
      }
    }
  };
  return new Proxy(values, {
    get: (target, key) => (key === 'update' ? update : Reflect.get(target, key)),
    set: (_target, key, value) => {
      if (typeof key === 'string') update({ [key]: value });
      return true;
    },
  }) as RunConfig;
}
