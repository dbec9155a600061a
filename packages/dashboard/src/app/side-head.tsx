/** The top of the left side: whose page this is, which project, and whether it is live. */
import type { ProjectRow } from 'lamella/procedures';
import type { ReactNode } from 'react';

import { formatCount } from '../chart/format.ts';
import { IconButton } from '../ui/controls.tsx';
import { Mark } from '../ui/icons.tsx';
import styles from './side-head.module.css';

export interface SideHeadProps {
  readonly projects: readonly ProjectRow[];
  readonly project: string | null;
  /** Of the chosen project; fresher than its row. Null while they are being read. */
  readonly runs: number | null;
  readonly children: ReactNode;
  onProject(name: string): void;
  onClose(): void;
}

export function SideHead({ projects, project, runs: known, children, onProject, onClose }: SideHeadProps) {
  const listed = projects.some(({ name }) => name === project);
  return (
    <div className={styles.head}>
      <div className={styles.brand}>
        <Mark />
        <strong>Lamella</strong>
        {children}
        <span className={styles.close}>
          <IconButton icon="close" label="Close" onClick={onClose} />
        </span>
      </div>
      <label className={styles.project}>
        <span className="visually-hidden">Project</span>
        <select
          value={project ?? ''}
          title={project ?? undefined}
          disabled={projects.length === 0}
          onChange={(event) => onProject(event.target.value)}
        >
          {project !== null && !listed ? <option value={project}>{project}</option> : null}
          {project === null ? <option value="">…</option> : null}
          {projects.map(({ name, runs }) => (
            <option key={name} value={name}>
              {withCount(name, (name === project ? known : null) ?? runs)}
            </option>
          ))}
        </select>
      </label>
    </div>
  );
}

/** The project's name, with its number of runs where that is known. */
function withCount(name: string, runs: number | null): string {
  return runs === null ? name : `${name} · ${formatCount(runs)} ${runs === 1 ? 'run' : 'runs'}`;
}
