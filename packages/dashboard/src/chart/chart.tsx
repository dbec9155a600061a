/** A line chart as a component: fills its box, follows theme, focus and size, and shows the tooltip. */
import { useEffect, useLayoutEffect, useRef, useState } from 'react';

import { focusedRun, onFocusChange, setFocusedRun } from './focus.ts';
import type { ChartHover, LineChart } from './line-chart.ts';
import { createLineChart } from './line-chart.ts';
import type { ChartModel } from './model.ts';
import { Tooltip } from './tooltip.tsx';
import type { YDomain } from './y-domain.ts';
import styles from './chart.module.css';

export interface ChartProps {
  readonly model: ChartModel;
  /** What a screen reader says of the picture. */
  readonly label: string;
  readonly theme: string;
  onZoom(range: readonly [number, number]): void;
  onReset(): void;
  /** Told after drawing, so that the card can say what a log axis hides. */
  onDrawn?(y: YDomain): void;
}

export function Chart({ model, label, theme, onZoom, onReset, onDrawn }: ChartProps) {
  const host = useRef<HTMLDivElement>(null);
  const chart = useRef<LineChart | null>(null);
  const [hover, setHover] = useState<ChartHover | null>(null);
  const handlers = useRef({ onZoom, onReset });
  handlers.current = { onZoom, onReset };
  // Crosshairs are shared between charts whose x means the same.
  const sync = `x-${model.x}`;

  useLayoutEffect(() => {
    const element = host.current;
    if (!element) return undefined;
    const made = createLineChart(
      element,
      {
        zoom: (range) => handlers.current.onZoom(range),
        reset: () => handlers.current.onReset(),
        hover: (next) => {
          setHover(next);
          setFocusedRun(next?.touched ?? null);
        },
      },
      sync,
    );
    chart.current = made;
    made.focus(focusedRun());
    const stopFocus = onFocusChange(() => made.focus(focusedRun()));
    const observer = new ResizeObserver(([entry]) => {
      const box = entry?.contentRect;
      if (box) made.resize(Math.floor(box.width), Math.floor(box.height));
    });
    observer.observe(element);
    const { width, height } = element.getBoundingClientRect();
    made.resize(Math.floor(width), Math.floor(height));
    return () => {
      observer.disconnect();
      stopFocus();
      made.destroy();
      chart.current = null;
    };
  }, [sync]);

  useLayoutEffect(() => {
    const y = chart.current?.update(model);
    if (y) onDrawn?.(y);
  }, [model, onDrawn, sync]);

  useEffect(() => {
    chart.current?.retheme();
  }, [theme]);

  return (
    <>
      <div ref={host} className={styles.chart} role="img" aria-label={label} />
      {hover && hover.rows.length > 0 ? <Tooltip hover={hover} model={model} /> : null}
    </>
  );
}
