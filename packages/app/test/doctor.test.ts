/** `lamella doctor` in this process: the shape of its JSON, its text, its shell lines, and wrong input. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { runCommandLine } from '../src/commands/command-line.ts';
import type { DoctorReport } from '../src/commands/doctor-report.ts';

const scratch = mkdtempSync(join(tmpdir(), 'lamella-doctor-'));
afterAll(() => rmSync(scratch, { recursive: true }));

const CLUSTER = `29 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
40 29 0:46 / /fsx rw,relatime shared:50 - lustre 10.1.72.96@tcp:/x3kxpbev rw,localflock,lazystatfs
41 29 0:47 / /bucket rw,relatime - fuse mountpoint-s3 rw,user_id=0,group_id=0
42 29 0:48 / /s3fs rw,relatime - fuse.s3fs s3fs rw,user_id=0,group_id=0
43 29 0:49 / /odd rw,relatime - fuse /dev/fuse rw,user_id=0,group_id=0
44 29 0:50 / /nfs rw,relatime - nfs filer:/x rw,vers=3,nolock,soft,acdirmax=600,local_lock=all
45 29 0:51 / /over rw,relatime - overlay overlay rw,lowerdir=/usr,upperdir=/fsx/up,workdir=/fsx/work
`;
const cluster = join(scratch, 'cluster.txt');
writeFileSync(cluster, CLUSTER);

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function doctor(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ran> {
  let out = '';
  let err = '';
  const output = { out: (text: string) => void (out += text), err: (text: string) => void (err += text) };
  const signal = new AbortController().signal;
  return { code: await runCommandLine(['doctor', ...args], { output, env, signal }), out, err };
}

async function report(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<DoctorReport> {
  const ran = await doctor([...args, '--json'], env);
  expect(ran.code).toBe(0);
  return JSON.parse(ran.out) as DoctorReport;
}

describe('--json', () => {
  it('is one object of the documented shape', async () => {
    const found = await report([scratch]);
    expect(Object.keys(found)).toEqual([
      'path',
      'filesystem',
      'probes',
      'sqlite',
      'lamella',
      'warnings',
      'advice',
    ]);
    expect(Object.keys(found.filesystem)).toEqual([
      'class',
      'type',
      'source',
      'mount',
      'options',
      'evidence',
    ]);
    expect(found.probes).toHaveLength(10);
    expect(Object.keys(found.probes[0]!)).toEqual(['name', 'ok', 'ms', 'detail']);
    expect(Object.keys(found.sqlite)).toEqual(['pragmas', 'reason']);
    expect(Object.keys(found.sqlite.pragmas).sort()).toEqual([
      'cache_size',
      'journal_mode',
      'locking_mode',
      'mmap_size',
      'synchronous',
      'temp_store',
    ]);
    expect(found.lamella).toEqual({ publish: 'rename', grace_s: 5, flush_s: 5 });
    expect(found.path).toBe(scratch);
  });

  it('takes the directory of the store where none is given', async () => {
    const found = await report([], { TRACKIO_DIR: join(scratch, 'not-yet') });
    expect(found.path).toBe(join(scratch, 'not-yet'));
    expect(existsSync(join(scratch, 'not-yet'))).toBe(false);
    expect(found.filesystem.evidence[0]).toContain('does not exist yet');
  });

  it('leaves nothing in the directory', async () => {
    const empty = join(scratch, 'empty');
    mkdirSync(empty);
    await report([empty]);
    expect(readdirSync(empty)).toEqual([]);
  });

  it.runIf(process.platform === 'linux')(
    'says of a directory that cannot be written that it cannot',
    async () => {
      const found = await report(['/proc']);
      expect(found.filesystem.type).toBe('proc');
      expect(found.warnings).toContain('nothing can be written in /proc (ENOENT)');
      expect(found.sqlite.reason).toContain('these would be set');
      expect(found.sqlite.pragmas.journal_mode).toBe('wal');
      expect(found.advice).toContain('choose a directory that can be written (TRACKIO_DIR)');
    },
  );

  it('has the cap of the flush interval from the environment', async () => {
    const found = await report([scratch], { LAMELLA_FLUSH_SECONDS: '20' });
    expect(found.lamella.flush_s).toBe(20);
  });

  it('says on stderr, too, what is wrong with a variable', async () => {
    const ran = await doctor([scratch, '--json'], {
      LAMELLA_FILESYSTEM_CLASS: 'nfs',
      LAMELLA_FLUSH_SECONDS: 'soon',
    });
    const lines = ran.err.trimEnd().split('\n');
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatch(/^Warning: LAMELLA_FILESYSTEM_CLASS="nfs" is not one of local, .*\(local\)$/);
    expect(lines[1]).toMatch(/^Warning: LAMELLA_FLUSH_SECONDS="soon" is not a number/);
    const { warnings } = JSON.parse(ran.out) as DoctorReport;
    expect(warnings.map((warning) => `Warning: ${warning}`)).toEqual(lines);
  });

  it('believes LAMELLA_FILESYSTEM_CLASS', async () => {
    const found = await report([scratch], { LAMELLA_FILESYSTEM_CLASS: 'parallel' });
    expect(found.filesystem.class).toBe('parallel');
    expect(found.sqlite.pragmas.journal_mode).toBe('delete');
    expect(found.lamella.grace_s).toBe(300);
  });
});

describe('--mountinfo', () => {
  const here = async (path: string, env: NodeJS.ProcessEnv = {}): Promise<DoctorReport> =>
    await report([path, '--mountinfo', cluster], env);

  it.each([
    ['/fsx/a', 'parallel', 'lustre', 'rename', 300],
    ['/bucket/a', 'object-mount', 'fuse', 'write-once', 300],
    ['/s3fs/a', 'object-mount', 'fuse.s3fs', 'write-once', 1800],
    ['/odd/a', 'unknown', 'fuse', 'rename', 300],
    ['/nfs/a', 'network', 'nfs', 'rename', 1800],
    ['/over/a', 'parallel', 'lustre', 'rename', 300],
    ['/home', 'local', 'ext4', 'rename', 5],
  ])('%s is %s', async (path, of, type, publish, graceS) => {
    const found = await here(path);
    expect(found.filesystem).toMatchObject({ class: of, type });
    expect(found.lamella).toMatchObject({ publish, grace_s: graceS });
    expect(found.sqlite.pragmas.journal_mode).toBe(of === 'local' ? 'wal' : 'delete');
  });

  it('asks and tries nothing of this machine', async () => {
    const found = await here('/fsx/a');
    expect(found.probes).toEqual([]);
    expect(found.sqlite.reason).toContain('these would be set');
    expect(found.filesystem.evidence.join('\n')).not.toMatch(/statfs|device number|does not exist/);
    expect(found.advice[0]).toBe(`judged by ${cluster}; nothing of this machine was asked or tried`);
  });

  it('judges the options that matter', async () => {
    const found = await here('/nfs/a');
    expect(found.warnings.map((warning) => warning.split(':')[0])).toEqual([
      'mount option nolock',
      'mount option soft',
      expect.stringContaining('SQLite is for one host only on a network filesystem (NFS)'),
    ]);
    expect(found.advice.join('\n')).toContain('mount option acdirmax=600');
    expect((await here('/fsx/a')).warnings[0]).toMatch(
      /^mount option localflock: locks on this mount hold only/,
    );
  });

  it('of garbage is told by name, and the class is unknown', async () => {
    const file = join(scratch, 'garbage');
    writeFileSync(file, Buffer.from([0xff, 0x00, 0x0a, 0x20, 0x2d, 0x20, 0x0a]));
    const found = await report(['/data', '--mountinfo', file]);
    expect(found.filesystem).toMatchObject({ class: 'unknown', type: null });
    expect(found.warnings[0]).toContain(`${file}: no line of the form of /proc/self/mountinfo`);
  });

  it.each([
    ['missing', 4, 'ENOENT'],
    ['.', 6, 'EISDIR'],
  ])('that cannot be read (%s) is an error that names it', async (name, code, why) => {
    const ran = await doctor(['/data', '--mountinfo', join(scratch, name), '--json']);
    expect(ran).toMatchObject({ code, out: '' });
    expect((JSON.parse(ran.err) as { error: string }).error).toContain(why);
  });
});

describe('for people', () => {
  it('has a part each for the filesystem, its behaviour, SQLite, Lamella and what to change', async () => {
    const { out, err, code } = await doctor([scratch]);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out.split('\n').filter((line) => /^[A-Z]/.test(line))).toEqual([
      'Filesystem',
      'Behaviour',
      'SQLite in this directory',
      'Lamella in this directory',
      'Advice',
    ]);
    expect(out).toMatch(/^ {2}ok {2}rename +\d+\.\d ms {2}replaces an existing name, read back at once$/m);
  });

  it('fits a terminal and obeys no name', async () => {
    const { out } = await doctor(['/nfs/a\u001b[31m', '--mountinfo', cluster]);
    expect(Math.max(...out.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100);
    expect(out).not.toContain('\u001b');
  });
});

describe('--shell', () => {
  const lines = async (path: string, env: NodeJS.ProcessEnv = {}): Promise<Ran> =>
    await doctor(['--shell', path, '--mountinfo', cluster], { TRACKIO_DIR: path, ...env });

  it('prints only export lines: fragments and a rollback journal on a shared disk', async () => {
    const ran = await lines('/fsx/a');
    expect(ran).toEqual({
      code: 0,
      err: '',
      out: [
        'export TRACKIO_STORAGE_MODE=jsonl',
        'export TRACKIO_SQLITE_JOURNAL_MODE=DELETE',
        'export TRACKIO_SQLITE_SYNCHRONOUS=FULL',
        'export TRACKIO_SQLITE_MMAP_SIZE=0',
        'export TRACKIO_SQLITE_TEMP_STORE=MEMORY',
        '',
      ].join('\n'),
    });
  });

  it.each(['/bucket/a', '/odd/a', '/nfs/a', '/over/a'])('is as careful on %s', async (path) => {
    expect((await lines(path)).out).toBe((await lines('/fsx/a')).out);
  });

  it('lets a local disk have WAL, and what the user chose', async () => {
    expect((await lines('/home')).out).toContain(
      'JOURNAL_MODE=WAL\nexport TRACKIO_SQLITE_SYNCHRONOUS=NORMAL\n',
    );
    const chosen = await lines('/home', {
      TRACKIO_SQLITE_JOURNAL_MODE: 'delete',
      TRACKIO_STORAGE_MODE: 'sqlite',
    });
    expect(chosen).toMatchObject({ err: '' });
    expect(chosen.out).toContain('TRACKIO_STORAGE_MODE=sqlite\nexport TRACKIO_SQLITE_JOURNAL_MODE=DELETE\n');
  });

  it('replaces what is not safe, and says so on stderr', async () => {
    const ran = await lines('/fsx/a', {
      TRACKIO_STORAGE_MODE: 'sqlite',
      TRACKIO_SQLITE_JOURNAL_MODE: 'WAL',
      TRACKIO_SQLITE_SYNCHRONOUS: 'EXTRA',
    });
    expect(ran.out).toContain(
      'export TRACKIO_STORAGE_MODE=jsonl\nexport TRACKIO_SQLITE_JOURNAL_MODE=DELETE\n',
    );
    expect(ran.out).toContain('export TRACKIO_SQLITE_SYNCHRONOUS=EXTRA\n');
    expect(ran.err.trimEnd().split('\n')).toEqual([
      'Warning: TRACKIO_STORAGE_MODE=sqlite is not safe on /fsx/a (parallel); it becomes jsonl',
      'Warning: TRACKIO_SQLITE_JOURNAL_MODE=WAL is not safe on /fsx/a (parallel); it becomes DELETE',
    ]);
  });

  it('on a Space has one owner', async () => {
    const { out } = await lines('/home', { SYSTEM: 'spaces' });
    expect(out).toContain('JOURNAL_MODE=DELETE\n');
    expect(out).toContain('export TRACKIO_SQLITE_LOCKING_MODE=EXCLUSIVE\n');
  });

  it('tells when Trackio would not go to that directory at all', async () => {
    const ran = await doctor(['--shell', '/fsx/a', '--mountinfo', cluster]);
    expect(ran.err).toBe(
      'Note: these lines are for /fsx/a; Trackio goes there only with TRACKIO_DIR set to it\n',
    );
  });
});

describe('wrong input', () => {
  it.each([
    [['a', 'b'], 'doctor takes one directory, not also "b"'],
    [['--json', '--shell'], '--json and --shell exclude each other'],
    [['--mountinfo', ''], '--mountinfo is empty'],
    [['--shel'], '--shel'],
    [['s3://bucket/x'], 's3://bucket/x'],
  ])('%j is refused', async (args, part) => {
    const ran = await doctor(args);
    expect(ran.out).toBe('');
    expect([2, 8]).toContain(ran.code);
    expect(ran.err).toContain(part);
  });
});
