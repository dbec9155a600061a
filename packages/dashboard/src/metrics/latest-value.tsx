/** The last value of the run that is pointed at, or of the only one shown. */
import { useFocusedRun } from '../chart/focus.ts';
import { formatValue } from '../chart/format.ts';
import type { Line } from '../chart/model.ts';
import styles from './latest-value.module.css';

export function LatestValue({ lines }: { readonly lines: readonly Line[] }) {
  const focused = useFocusedRun();
  const line = lines.length === 1 ? lines[0] : lines.find(({ id }) => id === focused);
  if (!line) return null;
  return (
    <span className={styles.latest} title={`Latest of ${line.label}`}>
      <i style={{ background: line.colour }} />
      {formatValue(line.vertices.latest)}
    </span>
  );
}
