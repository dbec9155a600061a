/** Shows a Trackio directory as on a shared disk, several times, while it is traced: see system-calls.slow.test.ts. */
import { listTrackioDirectory, Inbox, TrackioSource } from '../src/index.ts';

const [directory = '', copyFolder = '', filesystem = 'network'] = process.argv.slice(2);
const inbox = new Inbox(directory);
const { projects } = await listTrackioDirectory(directory);
const sources = projects.map(
  ({ path, name }) =>
    new TrackioSource({ path, filesystem: filesystem as 'network', copyFolder: `${copyFolder}/${name}` }),
);
let rows = 0;
for (let look = 0; look < 5; look += 1) {
  const { added } = await inbox.refresh();
  rows += added.reduce((sum, { metrics }) => sum + metrics.rows, 0);
  for (const source of sources) {
    await source.refresh();
    if (look === 0) rows += source.database.logs.read('metrics', 0).rows;
  }
  await new Promise((resolve) => setTimeout(resolve, 600));
}
for (const source of sources) await source.close();
console.log(rows);
