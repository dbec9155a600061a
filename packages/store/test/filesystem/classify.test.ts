import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { classify, classifyByTable } from '../../src/filesystem/classify.ts';
import { MAGICS } from '../../src/filesystem/magic.ts';
import { FILESYSTEM_CLASSES, filesystemOfType, knownTypes } from '../../src/filesystem/type.ts';
import { MOUNT_TABLES, mountTable } from './mount-table.ts';

/** Mount table, path, and what must come out: class, type, mount point. */
const CASES: readonly (readonly [table: string, path: string, of: string, type: string, mount: string])[] = [
  ['workstation', '/srv/runs', 'local', 'ext4', '/'],
  ['workstation', '/scratch/runs', 'local', 'xfs', '/scratch'],
  ['workstation', '/scratch2/runs', 'local', 'zfs', '/scratch2'],
  ['workstation', '/scratch20/runs', 'local', 'ext4', '/'],
  ['workstation', '/media/usb/a', 'local', 'fuseblk', '/media/usb'],
  ['workstation', '/boot/efi', 'local', 'vfat', '/boot/efi'],
  ['workstation', '/dev/shm/a', 'local', 'tmpfs', '/dev/shm'],
  ['workstation', '/run/user/1000/gvfs/share', 'network', 'fuse.gvfsd-fuse', '/run/user/1000/gvfs'],
  ['fsx-lustre', '/fsx/alice/runs', 'parallel', 'lustre', '/fsx'],
  ['fsx-lustre', '/efs/x', 'network', 'nfs4', '/efs'],
  ['fsx-lustre', '/windows/x', 'network', 'cifs', '/windows'],
  ['fsx-lustre', '/opt/dlami/nvme/x', 'local', 'xfs', '/opt/dlami/nvme'],
  ['hpc', '/gpfs/data/x', 'parallel', 'gpfs', '/gpfs/data'],
  ['hpc', '/gpfs/other', 'local', 'tmpfs', '/'],
  ['hpc', '/lus/noflock/x', 'parallel', 'lustre', '/lus/noflock'],
  ['hpc', '/mnt/beegfs/x', 'parallel', 'beegfs', '/mnt/beegfs'],
  ['hpc', '/panfs/vol1/x', 'parallel', 'panfs', '/panfs/vol1'],
  ['hpc', '/afs/cell/x', 'network', 'afs', '/afs'],
  ['hpc', '/orange/x', 'parallel', 'pvfs2', '/orange'],
  ['hpc', '/gfs2/x', 'parallel', 'gfs2', '/gfs2'],
  ['hpc', '/ocfs2/x', 'parallel', 'ocfs2', '/ocfs2'],
  ['hpc', '/acfs/x', 'parallel', 'acfs', '/acfs'],
  ['hpc', '/stornext/x', 'parallel', 'cvfs', '/stornext'],
  ['hpc', '/vxfs/x', 'parallel', 'vxfs', '/vxfs'],
  ['hpc', '/coda/x', 'network', 'coda', '/coda'],
  ['weka', '/fsx/runs', 'parallel', 'wekafs', '/fsx'],
  ['nfs', '/mnt/a/runs', 'network', 'nfs4', '/mnt/a'],
  ['nfs', '/mnt/a/local/runs', 'local', 'ext4', '/mnt/a/local'],
  ['nfs', '/mnt/v3', 'network', 'nfs', '/mnt/v3'],
  ['nfs', '/nethome/alice/runs', 'network', 'nfs4', '/nethome/alice'],
  ['fuse', '/mnt/ceph-fuse/x', 'parallel', 'fuse.ceph-fuse', '/mnt/ceph-fuse'],
  ['fuse', '/mnt/gluster/x', 'parallel', 'fuse.glusterfs', '/mnt/gluster'],
  ['fuse', '/mnt/mfs/x', 'parallel', 'fuse', '/mnt/mfs'],
  ['fuse', '/mnt/jfs/x', 'parallel', 'fuse.juicefs', '/mnt/jfs'],
  ['fuse', '/mnt/sshfs/x', 'network', 'fuse.sshfs', '/mnt/sshfs'],
  ['fuse', '/mnt/fuse-nfs/x', 'network', 'fuse.fuse-nfs', '/mnt/fuse-nfs'],
  ['fuse', '/mnt/ctofs/x', 'network', 'fuse.ctofs', '/mnt/ctofs'],
  ['fuse', '/mnt/vmware/x', 'network', 'fuse.vmhgfs-fuse', '/mnt/vmware'],
  ['fuse', '/mnt/server/x', 'network', 'fuse', '/mnt/server'],
  ['fuse', '/mnt/s3fs/x', 'object-mount', 'fuse.s3fs', '/mnt/s3fs'],
  ['fuse', '/mnt/mountpoint/x', 'object-mount', 'fuse', '/mnt/mountpoint'],
  ['fuse', '/mnt/hf/x', 'object-mount', 'fuse', '/mnt/hf'],
  ['fuse', '/mnt/gcs/x', 'object-mount', 'fuse.gcsfuse', '/mnt/gcs'],
  ['fuse', '/mnt/rclone/x', 'object-mount', 'fuse.rclone', '/mnt/rclone'],
  ['fuse', '/mnt/blob/x', 'object-mount', 'fuse.blobfuse2', '/mnt/blob'],
  ['fuse', '/mnt/goofys/x', 'object-mount', 'fuse', '/mnt/goofys'],
  ['fuse', '/mnt/ntfs/x', 'local', 'fuseblk', '/mnt/ntfs'],
  ['fuse', '/mnt/plain/x', 'unknown', 'fuse', '/mnt/plain'],
  ['fuse', '/mnt/odd/x', 'unknown', 'fuse.neverheardof', '/mnt/odd'],
  ['fuse', '/mnt/crypt/x', 'unknown', 'fuse.gocryptfs', '/mnt/crypt'],
  ['fuse', '/fsx/x', 'network', 'fuse.neverheardof', '/fsx'],
  ['shares', '/mnt/c/x', 'network', '9p', '/mnt/c'],
  ['shares', '/mnt/virtio/x', 'network', 'virtiofs', '/mnt/virtio'],
  ['shares', '/mnt/vbox/x', 'network', 'vboxsf', '/mnt/vbox'],
  ['shares', '/mnt/vmware/x', 'network', 'vmhgfs', '/mnt/vmware'],
  ['shares', '/media/psf/x', 'network', 'prl_fs', '/media/psf'],
  ['shares', '/mnt/smb/x', 'network', 'smb3', '/mnt/smb'],
  ['shares', '/mnt/smb1/x', 'network', 'smbfs', '/mnt/smb1'],
  ['shares', '/mnt/ncp/x', 'network', 'ncpfs', '/mnt/ncp'],
  ['docker-host', '/var/lib/docker/overlay2/9f8e/merged/x', 'local', 'ext4', '/'],
  ['docker-host', '/tmp/memory/x', 'local', 'tmpfs', '/dev/shm'],
  ['docker-host', '/tmp/on lustre/x', 'parallel', 'lustre', '/lustre'],
  ['docker-host', '/tmp/nested/x', 'local', 'tmpfs', '/dev/shm'],
  ['docker-host', '/tmp/readonly/x', 'unknown', 'overlay', '/tmp/readonly'],
  ['container', '/app/runs', 'unknown', 'overlay', '/'],
  ['container', '/fsx/runs', 'network', 'overlay', '/'],
  ['container', '/lustre/runs', 'network', 'overlay', '/'],
  ['container', '/gpfs/runs', 'network', 'overlay', '/'],
  ['container', '/nfs/runs', 'network', 'overlay', '/'],
  ['container', '/cephfs/runs', 'network', 'overlay', '/'],
  ['container', '/weka/runs', 'network', 'overlay', '/'],
  ['container', '/data/runs', 'parallel', 'lustre', '/data'],
  ['container', '/scratch/runs', 'local', 'ext4', '/scratch'],
  ['rootless', '/app/runs', 'unknown', 'fuse.fuse-overlayfs', '/'],
  ['automount', '/nethome/alice/runs', 'network', 'nfs4', '/nethome/alice'],
  ['automount', '/nethome/bob/runs', 'unknown', 'autofs', '/nethome'],
  ['automount', '/fsx/runs', 'parallel', 'lustre', '/fsx'],
  ['automount', '/later/runs', 'unknown', 'autofs', '/later'],
  ['automount', '/listed-first/runs', 'parallel', 'ceph', '/listed-first'],
  ['over-mounts', '/mnt/runs', 'network', 'nfs', '/mnt'],
  ['over-mounts', '/mnt/kept/runs', 'local', 'tmpfs', '/mnt/kept'],
  ['over-mounts', '/etc', 'local', 'hostfs', '/'],
  ['escapes', '/data/team one/runs', 'network', 'nfs4', '/data/team one'],
  ['escapes', '/data/tab\there/runs', 'parallel', 'lustre', '/data/tab\there'],
  ['escapes', '/data/back\\slash/runs', 'parallel', 'gpfs', '/data/back\\slash'],
  ['escapes', '/data/line\nbreak/runs', 'parallel', 'ceph', '/data/line\nbreak'],
  ['escapes', '/data/café/runs', 'parallel', 'beegfs', '/data/café'],
  ['escapes', '/data/dash/runs', 'network', 'nfs4', '/data/dash'],
  ['uml-nfs3', '/mnt/a/runs', 'network', 'nfs', '/mnt/a'],
  ['uml-nfs3', '/mnt/bind/runs', 'network', 'nfs', '/mnt/bind'],
  ['uml-nfs4', '/mnt/b/runs', 'network', 'nfs4', '/mnt/b'],
  ['uml-nfs4', '/mnt/host/runs', 'local', 'hostfs', '/mnt/host'],
  ['uml-nfs4', '/mnt/runs', 'local', 'tmpfs', '/mnt'],
  ['btrfs', '/srv/runs', 'local', 'btrfs', '/'],
];

describe('a recorded mount table', () => {
  it.each(CASES)('%s: %s is %s', (table, path, of, type, mount) => {
    const verdict = classifyByTable(mountTable(table), path);
    expect({ class: verdict.class, type: verdict.type, mount: verdict.mount }).toEqual({
      class: of,
      type,
      mount,
    });
    expect(verdict.evidence.length).toBeGreaterThan(0);
  });

  it('is used in a case, each of them', () => {
    const used = new Set(CASES.map(([table]) => table));
    expect(MOUNT_TABLES.filter((table) => !used.has(table))).toEqual(['not-mountinfo']);
  });

  it('that is none is said, and the path decides', () => {
    expect(classifyByTable(mountTable('not-mountinfo'), '/srv')).toMatchObject({
      class: 'unknown',
      type: null,
      evidence: ['the mount table holds no line of the form of mountinfo'],
    });
    expect(classifyByTable('', '/nfs/runs').class).toBe('network');
  });

  it('decodes the source, also where it holds the separator of the line', () => {
    expect(classifyByTable(mountTable('escapes'), '/data/dash').source).toBe('filer:/a - b');
  });

  it('may come with the line ends of a support ticket', () => {
    const verdict = classifyByTable(mountTable('fsx-lustre').replaceAll('\n', '\r\n'), '/fsx');
    expect(verdict).toMatchObject({
      class: 'parallel',
      options: ['rw', 'relatime', 'flock', 'lazystatfs', 'encrypt'],
    });
  });

  it('says which directory an overlay writes to, and that the overlay ignores fsync', () => {
    const verdict = classifyByTable(mountTable('docker-host'), '/tmp/memory/x');
    expect(verdict.evidence.join('\n')).toContain(
      'what is written goes to its upper directory /dev/shm/upper',
    );
    expect(verdict.options).toContain('volatile');
  });

  it('in which an overlay writes to itself ends as unknown', () => {
    const circle = [
      '1 0 0:1 / /a rw - overlay overlay rw,upperdir=/b/up',
      '2 0 0:2 / /b rw - overlay overlay rw,upperdir=/a/up',
    ].join('\n');
    expect(classifyByTable(circle, '/a/x')).toMatchObject({ class: 'unknown', type: 'overlay' });
  });
});

describe('a device number', () => {
  it('finds a bind mount whose path says nothing', () => {
    const facts = { path: '/elsewhere/runs', mountinfo: mountTable('nfs'), device: '0:42' };
    expect(classify(facts)).toMatchObject({ class: 'network', type: 'nfs4', source: '10.99.7.1:/data' });
  });

  it('is the one that two clients of one real NFS server each have', () => {
    const of = (table: string, device: string) =>
      classify({ path: '/', mountinfo: mountTable(table), device }).mount;
    expect([of('uml-nfs3', '0:23'), of('uml-nfs4', '0:24')]).toEqual(['/mnt/b', '/mnt/b']);
    expect([of('uml-nfs3', '0:22'), of('uml-nfs4', '0:23')]).toEqual(['/mnt/bind', '/mnt/bind']);
  });

  it('tells the mount on top from the ones below it', () => {
    const mountinfo = mountTable('over-mounts');
    expect(classify({ path: '/mnt/a', mountinfo, device: '0:20' }).type).toBe('nfs');
    expect(classify({ path: '/mnt/a', mountinfo, device: '0:18' }).type).toBe('tmpfs');
  });

  it('chooses the mount that the path is below, of several with one device', () => {
    const facts = { path: '/nethome/alice/runs', mountinfo: mountTable('nfs'), device: '0:42' };
    expect(classify(facts).mount).toBe('/nethome/alice');
    expect(classify({ ...facts, path: '/mnt/a/runs' }).mount).toBe('/mnt/a');
  });

  it('that no line has, as of btrfs subvolumes, leaves the longest mount point and statfs', () => {
    const facts = { path: '/homes/alice', mountinfo: mountTable('btrfs'), device: '0:44' };
    const verdict = classify({ ...facts, magic: 0x9123683e });
    expect(verdict).toMatchObject({ class: 'local', type: 'btrfs', mount: '/' });
    expect(verdict.evidence[0]).toBe('no line of the mount table has device number 0:44');
    expect(verdict.evidence.at(-1)).toContain('which agrees');
  });

  it('stands against statfs, which does not', () => {
    const facts = { path: '/fsx/x', mountinfo: mountTable('fsx-lustre'), device: '0:46', magic: 0xef53 };
    expect(classify(facts)).toMatchObject({ class: 'parallel', type: 'lustre' });
  });
});

describe('statfs', () => {
  it.each([...MAGICS])('%s alone says what it can', (magic, known) => {
    const verdict = classify({ path: '/x', mountinfo: null, magic });
    expect(verdict).toMatchObject({ class: known.class, type: known.type });
  });

  it('names the classes of the reference', () => {
    const of = (magic: number): string => MAGICS.get(magic)?.class ?? 'none';
    const local = [
      0xef53, 0x58465342, 0x9123683e, 0xf2f52010, 0xca451a4e, 0x2fc12fc1, 0x01021994, 0x858458f6,
    ];
    const odd = [0x73717368, 0x00c0ffee, 0x53464846, 0x5346544e, 0x4d44, 0x2011bab0];
    const network = [0x6969, 0xff534d42, 0xfe534d42, 0x517b, 0x01021997, 0x5346414f, 0x6b414653, 0x73757245];
    const shares = [0x564c, 0x786f4256, 0xbacbacbc, 0x7c7c6673];
    const parallel = [0x0bd00bd0, 0x47504653, 0x18031977, 0x19830326, 0x00c36400, 0xaad7aaea, 0xbeefdead];
    const cluster = [0x013111a8, 0x61636673, 0xa501fcf5, 0x01161970, 0x7461636f, 0x20030528];
    expect([...local, ...odd].map(of)).toEqual([...local, ...odd].map(() => 'local'));
    expect([...network, ...shares].map(of)).toEqual([...network, ...shares].map(() => 'network'));
    expect([...parallel, ...cluster].map(of)).toEqual([...parallel, ...cluster].map(() => 'parallel'));
    expect([0x65735546, 0x794c7630].map(of)).toEqual(['unknown', 'unknown']);
  });

  it('corrects a mount that was found by its path alone', () => {
    const facts = { path: '/hidden/x', mountinfo: mountTable('workstation'), device: '0:99' };
    expect(classify({ ...facts, magic: 0x6969 })).toMatchObject({
      class: 'network',
      type: 'nfs',
      mount: null,
    });
  });

  it('fills in where the table does not know the type, and keeps the mount', () => {
    const mountinfo = '1 0 0:9 / /d rw - newfs server:/x rw,soft';
    const verdict = classify({ path: '/d/x', mountinfo, device: '0:9', magic: 0x6969 });
    expect(verdict).toMatchObject({ class: 'network', type: 'nfs', mount: '/d', options: ['rw', 'soft'] });
  });

  it('leaves what it does not know unknown', () => {
    const verdict = classify({ path: '/x', mountinfo: null, magic: 0x12345 });
    expect(verdict.class).toBe('unknown');
    expect(verdict.evidence).toEqual(['statfs says 0x12345, which is in no table']);
  });
});

describe('the table of types', () => {
  it('knows every type that the reference has seen', () => {
    const seen =
      'nfs nfs4 lustre gpfs wekafs ceph beegfs panfs pvfs2 afs ocfs2 gfs2 9p virtiofs cifs smb3 acfs fuse.glusterfs ' +
      'fuse.ceph-fuse fuse.juicefs fuse.sshfs fuse.s3fs fuse.rclone fuse.gcsfuse fuse.ctofs fuse.fuse-nfs';
    const classes = seen.split(' ').map((type) => filesystemOfType(type)?.class ?? 'unknown');
    expect(classes.filter((of) => of === 'local' || of === 'unknown')).toEqual([]);
  });

  it('agrees with the table of magics', () => {
    const wrong = [...MAGICS.values()].filter(
      ({ type, class: of }) => of !== 'unknown' && filesystemOfType(type)?.class !== of,
    );
    expect(wrong).toEqual([]);
  });

  it('does not go by upper and lower case, and has no name twice', () => {
    expect(filesystemOfType('NFS4')?.class).toBe('network');
    const types = knownTypes().map(({ type }) => type);
    expect(types.length).toBe(new Set(types).size);
  });
});

describe('any text as a mount table', () => {
  const word = fc.string({ unit: 'binary', maxLength: 12 });
  const field = fc.oneof(
    word,
    fc.constantFrom('/', '/a', '0:1', '-', 'rw', 'overlay', 'upperdir=/a', 'fuse', '\\040'),
  );
  const line = fc.array(field, { maxLength: 14 }).map((fields) => fields.join(' '));
  const text = fc.oneof(
    word,
    fc.array(line, { maxLength: 20 }).map((lines) => lines.join('\n')),
  );

  it('gives a class and a reason, never an error', () => {
    fc.assert(
      fc.property(text, fc.oneof(word, fc.constantFrom('/', '/a/b', '')), (mountinfo, path) => {
        const verdict = classifyByTable(mountinfo, path);
        expect(FILESYSTEM_CLASSES).toContain(verdict.class);
        expect(verdict.evidence.length).toBeGreaterThan(0);
      }),
    );
  });

  it('cut anywhere, of a real one, gives a class', () => {
    fc.assert(
      fc.property(fc.constantFrom(...MOUNT_TABLES), fc.nat(), fc.nat(), (name, from, length) => {
        const whole = mountTable(name);
        const part = whole.slice(from % whole.length, (from % whole.length) + length);
        expect(FILESYSTEM_CLASSES).toContain(classifyByTable(part, '/fsx/a').class);
      }),
    );
  });
});
