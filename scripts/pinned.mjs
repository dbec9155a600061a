// Runs a script of the project on the pinned Node, installing the project's dependencies first when they are
// missing or out of date. Plain JavaScript: the only file of the project that an older Node (>= 20) executes.
// A child process is spawned by path on purpose: `node a && node b` in one npm script keeps the old Node for `b`.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const stamp = join(root, 'node_modules', '.lamella-install');

/** A hash of everything that decides what `npm ci` installs. */
function wanted() {
  const hash = createHash('sha256');
  for (const file of ['package.json', 'package-lock.json']) hash.update(readFileSync(join(root, file)));
  return hash.digest('hex');
}

function install() {
  const want = wanted();
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === want) return;
  process.stderr.write('lamella: installing dependencies (npm ci)\n');
  const npm = process.env['npm_execpath'];
  const [command, args] = npm ? [process.execPath, [npm]] : [process.platform === 'win32' ? 'npm.cmd' : 'npm', []];
  // npm's own output goes to stderr: stdout belongs to the script (`--json` prints one object there).
  const done = spawnSync(command, [...args, 'ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32' && !npm,
  });
  if (done.status !== 0) {
    process.stderr.write('lamella: npm ci failed; see above\n');
    process.exit(done.status ?? 1);
  }
  writeFileSync(stamp, want);
}

/** The pinned Node where its platform package exists; otherwise this Node, if it is new enough. */
function pinnedNode() {
  const packages = [`node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`];
  for (const name of packages) {
    const path = join(root, 'node_modules', name, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
    if (existsSync(path)) return path;
  }
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > 22 || (major === 22 && minor >= 18)) return process.execPath;
  process.stderr.write(
    `lamella: no pinned Node for ${process.platform}-${process.arch}; install Node >= 22.18 (this is ${process.version})\n`,
  );
  process.exit(1);
}

install();
const [script, ...args] = process.argv.slice(2);
const node = pinnedNode();
const bins = [dirname(node), join(root, 'node_modules', '.bin')].join(delimiter);
const child = spawn(node, ['--conditions=source', join(root, script), ...args], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, PATH: `${bins}${delimiter}${process.env['PATH'] ?? ''}`, LAMELLA_PINNED: '1' },
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 1)));
