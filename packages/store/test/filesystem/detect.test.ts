import {
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  statfsSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { askProgram } from '../../src/filesystem/ask.ts';
import { detectFilesystem } from '../../src/filesystem/detect.ts';
import { MAGICS } from '../../src/filesystem/magic.ts';
import { inMountNamespace, whyNoMounts } from './mount-namespace.ts';
import { mountTable } from './mount-table.ts';

const scratch = realpathSync(mkdtempSync(join(tmpdir(), 'lamella-detect-')));
afterAll(() => rmSync(scratch, { recursive: true }));
const linux = process.platform === 'linux';
const noMounts = whyNoMounts();
if (noMounts !== null) console.warn(`skipped: real mounts, because ${noMounts}`);

describe.runIf(linux)('on this machine', () => {
  it('/proc is local', async () => {
    expect(await detectFilesystem('/proc', { env: {} })).toMatchObject({
      class: 'local',
      type: 'proc',
      mount: '/proc',
      answers: true,
      warnings: [],
    });
  });

  it('the temporary directory has the type that statfs gives it', async () => {
    const magic = Number(statfsSync(tmpdir(), { bigint: true }).type & 0xffffffffn);
    const found = await detectFilesystem(tmpdir(), { env: {} });
    expect(found.evidence.join('\n')).toContain(`0x${magic.toString(16)}`);
    // A container's overlay has a magic that says nothing; what the mount table says then stands.
    const known = MAGICS.get(magic)?.class ?? 'unknown';
    expect([found.class, 'unknown']).toContain(known);
  });

  it('a path that does not exist yet is where its nearest parent is', async () => {
    const found = await detectFilesystem(join(scratch, 'not', 'yet'), { env: {} });
    const parent = await detectFilesystem(scratch, { env: {} });
    expect(found).toMatchObject({ class: parent.class, type: parent.type, mount: parent.mount });
    expect(found.evidence[0]).toBe(
      `${join(scratch, 'not', 'yet')} does not exist yet; asked about ${scratch}`,
    );
  });

  it('a symbolic link is where it leads, also a dangling one and a circle', async () => {
    symlinkSync('/proc/self', join(scratch, 'to-proc'));
    symlinkSync('/proc/nothing/here', join(scratch, 'dangling'));
    symlinkSync('round', join(scratch, 'round'));
    const found = await detectFilesystem(join(scratch, 'to-proc'), { env: {} });
    expect(found.type).toBe('proc');
    expect((await detectFilesystem(join(scratch, 'dangling'), { env: {} })).type).toBe('proc');
    const round = await detectFilesystem(join(scratch, 'round'), { env: {} });
    expect(round.evidence.join('\n')).toContain('ELOOP');
  });

  it('a file is where its directory is', async () => {
    writeFileSync(join(scratch, 'file'), '');
    const [file, below] = [join(scratch, 'file'), join(scratch, 'file', 'below')];
    expect((await detectFilesystem(file, { env: {} })).class).toBe('local');
    expect((await detectFilesystem(below, { env: {} })).evidence[0]).toContain('does not exist yet');
  });

  it('a mount table that cannot be read is said, and statfs decides', async () => {
    const found = await detectFilesystem('/proc', { env: {}, mountinfoPath: join(scratch, 'no-such-table') });
    expect(found).toMatchObject({ class: 'local', type: 'proc', mount: null });
    expect(found.evidence[0]).toContain('the mount table cannot be read: ENOENT');
  });

  it('a mount table of garbage is said, and statfs decides', async () => {
    const table = join(scratch, 'garbage');
    writeFileSync(table, Buffer.from([0xff, 0x00, 0x0a, 0x20, 0x2d, 0x20]));
    const found = await detectFilesystem('/proc', { env: {}, mountinfoPath: table });
    expect(found.type).toBe('proc');
    expect(found.evidence[0]).toContain('holds no line');
  });
});

describe("another machine's mount table", () => {
  it('is all that is asked', async () => {
    const found = await detectFilesystem('/proc/1', {
      env: {},
      mountinfo: '1 0 0:1 / / rw - lustre a@tcp:/x rw',
    });
    expect(found).toMatchObject({ path: '/proc/1', class: 'parallel', type: 'lustre', source: 'a@tcp:/x' });
    expect(found.evidence.join('\n')).not.toMatch(/statfs|device number/);
  });
});

describe('LAMELLA_FILESYSTEM_CLASS', () => {
  const mountinfo = mountTable('nfs');

  it('overrides what was found, which is still told', async () => {
    const env = { LAMELLA_FILESYSTEM_CLASS: 'Local' };
    const found = await detectFilesystem('/mnt/a', { env, mountinfo });
    expect(found).toMatchObject({ class: 'local', type: 'nfs4', warnings: [] });
    expect(found.evidence.at(-1)).toBe('LAMELLA_FILESYSTEM_CLASS=Local overrides: local');
  });

  it('that is no class is one warning that names variable, value, what is allowed and what is used', async () => {
    const env = { LAMELLA_FILESYSTEM_CLASS: 'nfs' };
    const found = await detectFilesystem('/mnt/a', { env, mountinfo });
    expect(found.class).toBe('network');
    expect(found.warnings).toEqual([
      'LAMELLA_FILESYSTEM_CLASS="nfs" is not one of local, network, parallel, object-mount, unknown; ' +
        'the class that was found is used (network)',
    ]);
  });

  it('that is empty is not set', async () => {
    const found = await detectFilesystem('/mnt/a', { env: { LAMELLA_FILESYSTEM_CLASS: ' ' }, mountinfo });
    expect(found).toMatchObject({ class: 'network', warnings: [] });
  });
});

describe('real mounts', () => {
  it.skipIf(noMounts !== null)(
    'bind mounts, over-mounts and blanks in names are found by device number',
    () => {
      const script = `
      mkdir -p "a b" bound over; mount -t tmpfs first "a b"; mkdir "a b/inside"
      mount --bind "a b/inside" bound
      mount -t tmpfs lower over; mount -t tmpfs upper over
      detect "$PWD/a b/new" "$PWD/bound" "$PWD/over"`;
      expect(inMountNamespace(script, scratch)).toMatchObject([
        { class: 'local', type: 'tmpfs', source: 'first', mount: `${scratch}/a b` },
        { class: 'local', type: 'tmpfs', source: 'first', mount: `${scratch}/bound` },
        { class: 'local', type: 'tmpfs', source: 'upper', mount: `${scratch}/over` },
      ]);
    },
  );

  it.skipIf(noMounts !== null)('an overlay is what its upper directory is on', () => {
    const script = `
      mkdir -p layers merged lower; mount -t tmpfs memory layers; mkdir "layers/up per" layers/work
      mount -t overlay overlay -o "lowerdir=$PWD/lower,upperdir=$PWD/layers/up per,workdir=$PWD/layers/work" merged
      detect "$PWD/merged/runs"`;
    const [found] = inMountNamespace(script, scratch);
    expect(found).toMatchObject({
      class: 'local',
      type: 'tmpfs',
      source: 'memory',
      mount: `${scratch}/layers`,
    });
    expect(JSON.stringify(found)).toContain('what is written goes to its upper directory');
  });

  it.skipIf(noMounts !== null)('an overlay whose upper directory is not visible is unknown', () => {
    const script = `
      mkdir -p hidden merged2 lower; mount -t tmpfs memory hidden; mkdir hidden/upper hidden/work
      mount -t overlay overlay -o "lowerdir=$PWD/lower,upperdir=$PWD/hidden/upper,workdir=$PWD/hidden/work" merged2
      mount -t tmpfs curtain hidden
      detect "$PWD/merged2"`;
    expect(inMountNamespace(script, scratch)).toMatchObject([{ class: 'unknown', type: 'overlay' }]);
  });
});

describe('a child that is asked', () => {
  it('and cannot be started is a failed answer, not an error', async () => {
    const answer = await askProgram(join(scratch, 'no-such-program'), [], 5000);
    expect(answer).toMatchObject({ ended: 'failed', stdout: '' });
    expect(answer.detail).toContain('ENOENT');
  });

  it('and fails tells why', async () => {
    mkdirSync(join(scratch, 'empty'), { recursive: true });
    const answer = await askProgram(process.execPath, ['-e', 'throw new Error("broken")'], 10_000);
    expect(answer.ended).toBe('failed');
    expect(answer.detail).toContain('broken');
  });
});
