/** The page: projects and runs at the left, their metrics at the right. */
import type { ProjectRow } from 'lamella/procedures';
import { useEffect, useState } from 'react';

import { useLive, useMetrics, useProjects, useRuns } from '../data/hooks.ts';
import { isMissing } from '../data/source.ts';
import { RunList } from '../runs/run-list.tsx';
import { Notice } from '../ui/notice.tsx';
import styles from './app.module.css';
import { EmptyStore } from './empty-store.tsx';
import { LiveBadge } from './live-badge.tsx';
import { MetricsPage } from './metrics-page.tsx';
import { usePage } from './page-store.ts';
import { ALL_RUNS } from './selection.ts';
import { SideHead } from './side-head.tsx';
import { Toolbar } from './toolbar.tsx';
import { useRunColours } from './use-runs.ts';

const NONE: readonly never[] = [];

export function App() {
  const [state, set] = usePage();
  const [drawer, setDrawer] = useState(false);
  const projects = useProjects();
  const project = projectOf(state.project, projects.data);
  useEffect(() => {
    // Written down, so that the page stays with its project when another one becomes the newest.
    if (project !== null && state.project === null) set({ project }, 'replace');
  }, [project, state.project, set]);
  useEffect(() => {
    document.title = project === null ? 'Lamella' : `${project} · Lamella`;
  }, [project]);
  const live = useLive(project);
  const runs = useRuns(project);
  const metrics = useMetrics(project);
  const { listed, colourOf } = useRunColours(project, runs.data);
  // A project that is not there has no stream either, but the server is.
  const missing = !runs.data && isMissing(runs.error);
  const away = projects.isError || (live === 'retrying' && !missing);

  // A store that was there and is not (a mount that went away, say) takes nothing off the page.
  if (projects.data?.length === 0 && !runs.data?.length) return <EmptyStore away={away} />;
  return (
    <div className={styles.shell}>
      <aside className={styles.side} data-open={drawer} aria-label="Project and runs">
        <SideHead
          projects={projects.data ?? []}
          project={project}
          runs={listed?.length ?? null}
          onProject={(name) =>
            set({
              project: name,
              selection: ALL_RUNS,
              range: null,
              systemRange: null,
              open: null,
              collapsed: [],
            })
          }
          onClose={() => setDrawer(false)}
        >
          <LiveBadge state={away ? 'retrying' : missing ? 'live' : live} />
        </SideHead>
        <RunList
          key={project}
          runs={missing ? NONE : listed}
          selection={state.selection}
          search={state.runSearch}
          colourOf={colourOf}
          onSelect={(selection) => set({ selection })}
          onSearch={(runSearch) => set({ runSearch }, 'replace')}
        />
      </aside>
      {drawer ? <Backdrop onClose={() => setDrawer(false)} /> : null}
      <main className={styles.main}>
        <Toolbar drawer={drawer} project={project} away={away} onDrawer={setDrawer} />
        {project === null ? (
          <Waiting error={projects.error} />
        ) : (
          <MetricsPage
            key={project}
            project={project}
            runs={runs}
            metrics={metrics}
            listed={listed}
            colourOf={colourOf}
          />
        )}
      </main>
    </div>
  );
}

/** The asked project, or the one with the newest record. */
function projectOf(asked: string | null, projects: readonly ProjectRow[] | undefined): string | null {
  if (asked !== null) return asked;
  let newest: ProjectRow | null = null;
  for (const row of projects ?? []) {
    if (newest === null || (row.lastActivity ?? 0) > (newest.lastActivity ?? 0)) newest = row;
  }
  return newest?.name ?? null;
}

function Waiting({ error }: { readonly error: Error | null }) {
  if (!error) return null;
  return (
    <Notice title="The server does not answer" tone="bad">
      <p>
        {error.message}. The page goes on trying; <code>lamella show</code> starts the server again.
      </p>
    </Notice>
  );
}

function Backdrop({ onClose }: { onClose(): void }) {
  useEffect(() => {
    const press = (event: KeyboardEvent): void => {
      if (event.key === 'Escape') onClose();
    };
    window.addEventListener('keydown', press);
    return () => window.removeEventListener('keydown', press);
  }, [onClose]);
  return <div className={styles.backdrop} onClick={onClose} aria-hidden="true" />;
}
