/** What holds for all charts: search, x axis, smoothing, scales, zoom, theme. Narrow windows fold it away. */
import { useState } from 'react';

import type { XKind } from '../data/series-query.ts';
import { Choices, IconButton, SearchField, Slider, Toggle } from '../ui/controls.tsx';
import { Icon } from '../ui/icons.tsx';
import { matchOf } from '../ui/match.ts';
import { LiveBadge } from './live-badge.tsx';
import { SMOOTHING_MAX } from './page-state.ts';
import { usePage } from './page-store.ts';
import type { ThemeChoice } from './theme.ts';
import { setThemeChoice, useTheme } from './theme.ts';
import styles from './toolbar.module.css';

const AXES: readonly { value: XKind; label: string; title: string }[] = [
  { value: 'step', label: 'Step', title: 'The step that was logged' },
  { value: 'relative', label: 'Relative', title: 'Time since the run began' },
  { value: 'time', label: 'Clock', title: 'Time of day' },
];

const THEMES: readonly { value: ThemeChoice; label: React.ReactNode; title: string }[] = [
  { value: 'auto', label: <Icon name="auto" size={14} />, title: 'Theme of the system' },
  { value: 'light', label: <Icon name="sun" size={14} />, title: 'Light theme' },
  { value: 'dark', label: <Icon name="moon" size={14} />, title: 'Dark theme' },
];

export interface ToolbarProps {
  readonly drawer: boolean;
  readonly project: string | null;
  readonly away: boolean;
  onDrawer(open: boolean): void;
}

export function Toolbar({ drawer, project, away, onDrawer }: ToolbarProps) {
  const [state, set] = usePage();
  const [open, setOpen] = useState(false);
  return (
    <header className={styles.bar}>
      <button
        type="button"
        className={styles.runs}
        aria-expanded={drawer}
        aria-label="Project and runs"
        onClick={() => onDrawer(!drawer)}
      >
        <Icon name="menu" />
        <span>{project ?? 'Runs'}</span>
        {away ? <LiveBadge state="retrying" brief /> : null}
      </button>
      <div className={styles.search}>
        <SearchField
          value={state.metricSearch}
          label="Search metrics"
          placeholder="Search metrics"
          error={matchOf(state.metricSearch).error}
          shortcut="/"
          onChange={(metricSearch) => set({ metricSearch }, 'replace')}
        />
      </div>
      <span className={styles.options}>
        <IconButton icon="sliders" label="Chart options" pressed={open} onClick={() => setOpen(!open)} />
      </span>
      <div className={styles.controls} data-open={open}>
        <ChartControls />
        <span className={styles.theme}>
          <ThemeControl />
        </span>
      </div>
    </header>
  );
}

function ChartControls() {
  const [state, set] = usePage();
  const percent = Math.round(state.smoothing * 100);
  const zoomed = state.range !== null || state.systemRange !== null;
  return (
    <>
      <Choices
        label="X axis"
        value={state.x}
        choices={AXES}
        onChange={(x) => set({ x, range: null, systemRange: null })}
      />
      <Slider
        label="Smoothing"
        title="Time-weighted moving average; the unsmoothed line stays faintly behind. Double-click for none."
        value={percent}
        max={SMOOTHING_MAX * 100}
        text={percent === 0 ? 'off' : `${percent} %`}
        onChange={(value) => set({ smoothing: value / 100 }, 'replace')}
      />
      <span className={styles.toggles}>
        <Toggle
          label="log x"
          title="Logarithmic x axis; x at or below 0 is left out"
          on={state.logX}
          onChange={(logX) => set({ logX, range: null, systemRange: null })}
        />
        <Toggle
          label="log y"
          title="Logarithmic y axis; values at or below 0 are left out and counted"
          on={state.logY}
          onChange={(logY) => set({ logY })}
        />
        <Toggle
          label="min–max"
          title="Band from the smallest to the largest value that share a pixel. Above 24 runs, only of the one pointed at."
          on={state.band}
          onChange={(band) => set({ band })}
        />
        <Toggle
          label="clip"
          title="Leaves the outermost 1 % of values at either end out of the picture, and says how many"
          on={state.clip}
          onChange={(clip) => set({ clip })}
        />
      </span>
      {zoomed ? (
        <button
          type="button"
          className={styles.reset}
          aria-label="Reset zoom"
          title="Reset zoom; a double click on a chart does the same"
          onClick={() => set({ range: null, systemRange: null })}
        >
          Zoom
          <Icon name="close" size={12} />
        </button>
      ) : null}
    </>
  );
}

export function ThemeControl() {
  const { choice } = useTheme();
  return <Choices label="Theme" value={choice} choices={THEMES} onChange={setThemeChoice} />;
}
