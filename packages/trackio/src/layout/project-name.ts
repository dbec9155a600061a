/**
 * How Trackio turns a project's name into the name of its files (`canonical_project_name`, identical from 0.0.12
 * to 0.43.0): every character but letters, digits, `-` and `_` is dropped, and nothing left means `default`.
 * Python's `isalnum` is Unicode's: letters, and decimal, digit and numeric characters.
 */

const DROPPED = /[^\p{L}\p{N}_-]/gu;

/** Databases of registries lie beside those of projects. */
export const REGISTRY_PREFIX = 'registry-';

/** Names ending like this would share their Parquet exports with another project; Trackio refuses them. */
const RESERVED_SUFFIXES: readonly string[] = [
  '_system',
  '_configs',
  '_traces',
  '_artifacts',
  '_artifact_versions',
  '_artifact_aliases',
  '_run_artifact_links',
  '_external_run_artifact_links',
];

/** The stem of the project's files: `my proj.v1` → `myprojv1`, `..` → `default`. Any string is allowed. */
export function canonicalProjectName(project: string): string {
  const kept = project.replace(DROPPED, '');
  return kept === '' ? 'default' : kept;
}

/** Why a Trackio installation would refuse to open a project of this name, or null when it would not. */
export function trackioRefusal(project: string): string | null {
  const name = canonicalProjectName(project);
  if (name.startsWith(REGISTRY_PREFIX))
    return `names that begin with ${REGISTRY_PREFIX} belong to registries`;
  const suffix = RESERVED_SUFFIXES.find((end) => name.length > end.length && name.endsWith(end));
  return suffix === undefined ? null : `names that end with ${suffix} share files with another project`;
}
