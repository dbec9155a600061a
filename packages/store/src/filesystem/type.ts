/**
 * What kind of filesystem a type of the mount table is. A table, not logic: one line per type, with the name
 * that people know it by. The classes decide how Lamella publishes, how long it waits and which pragmas SQLite
 * gets, so they say how a filesystem behaves for several hosts, not how it is built.
 *
 * A type that is not here is `unknown`, and whoever uses the class treats `unknown` like `network`: lists of
 * filesystems are never complete, and a wrong `local` loses data while a wrong `network` is only slower.
 */

/** How a filesystem behaves towards other hosts; `unknown` is to be treated like `network`. */
export type FilesystemClass = 'local' | 'network' | 'parallel' | 'object-mount' | 'unknown';

/** Every class, in the order in which documentation lists them. */
export const FILESYSTEM_CLASSES: readonly FilesystemClass[] = [
  'local',
  'network',
  'parallel',
  'object-mount',
  'unknown',
];

export interface KnownFilesystem {
  readonly class: FilesystemClass;
  /** The name people use: `FSx for Lustre` is mounted as `lustre`, `MooseFS` as plain `fuse`. */
  readonly name: string;
}

/** Types of the mount table other than `fuse…`, by class: `type` or `type=name`, blanks as `_`. */
const KERNEL_TYPES: Readonly<Record<Exclude<FilesystemClass, 'unknown'>, string>> = {
  local:
    'ext ext2 ext3 ext4 xfs btrfs f2fs bcachefs zfs jfs reiserfs reiser4 nilfs2 ufs hfs hfsplus apfs minix ' +
    'vfat=FAT msdos=FAT exfat ntfs ntfs3 udf iso9660 squashfs erofs cramfs romfs ubifs jffs2 zonefs simfs vzfs ' +
    'tmpfs ramfs devtmpfs hugetlbfs rootfs hostfs=UML_hostfs wslfs lxfs drvfs ' +
    // Not places for data, but a path below them is on this machine and nowhere else.
    'proc procfs sysfs devpts devfs cgroup cgroup2 cpuset securityfs selinuxfs debugfs tracefs configfs mqueue ' +
    'pstore efivarfs bpf binfmt_misc fusectl nsfs rpc_pipefs nfsd',
  network:
    'nfs=NFS nfs3=NFSv3 nfs4=NFSv4 cifs=SMB smb=SMB smb2=SMB smb3=SMB smbfs=SMB ncp ncpfs afs=AFS afpfs=AFP webdav=WebDAV ' +
    'kafs=kAFS k-afs=kAFS coda=Coda 9p=9p v9fs=9p virtiofs=virtiofs vboxsf=VirtualBox_share vmhgfs=VMware_share ' +
    'prl_fs=Parallels_share sshfs=sshfs',
  parallel:
    'lustre=Lustre lustre_lite=Lustre gpfs=GPFS wekafs=WekaFS beegfs=BeeGFS fhgfs=BeeGFS ceph=CephFS panfs=PanFS snfs=StorNext ' +
    'cvfs=StorNext ibrix=Ibrix acfs=ACFS vxfs=VxFS gfs=GFS gfs2=GFS2 ocfs2=OCFS2 orangefs=OrangeFS pvfs2=OrangeFS ' +
    'glusterfs=GlusterFS',
  'object-mount': 's3fs',
};

/** Programs behind `fuse.<program>` and `fuseblk.<program>`, by class. */
const FUSE_PROGRAMS: Readonly<Record<FilesystemClass, string>> = {
  local:
    'ntfs-3g lowntfs-3g ntfs exfat fuse2fs ext2 ext4 apfs zfs-fuse squashfuse squashfuse_ll snapfuse lxcfs',
  network:
    'sshfs fuse-nfs vmhgfs-fuse=VMware_share gvfsd-fuse=GVfs davfs=WebDAV davfs2=WebDAV curlftpfs smbnetfs ' +
    'cvmfs2=CernVM-FS cvmfs=CernVM-FS afs=AFS ctofs portal kio-fuse',
  parallel:
    'ceph-fuse=CephFS ceph=CephFS cephfs=CephFS glusterfs=GlusterFS mfs=MooseFS moosefs=MooseFS mfsmount=MooseFS ' +
    'lizardfs=LizardFS saunafs=SaunaFS juicefs=JuiceFS beegfs=BeeGFS quobyte=Quobyte daos=DAOS dfuse=DAOS ' +
    'seaweedfs=SeaweedFS cubefs=CubeFS chubaofs=CubeFS curvefs=CurveFS lustre=Lustre wekafs=WekaFS gpfs=GPFS',
  'object-mount':
    's3fs goofys mount-s3=mountpoint-s3 mountpoint-s3 gcsfuse rclone ' +
    'blobfuse blobfuse2 geesefs=GeeseFS tigrisfs=TigrisFS ossfs ossfs2=ossfs cosfs ' +
    'obsfs riofs=RioFS s3ql=S3QL objectivefs=ObjectiveFS alluxio-fuse=Alluxio hf-mount ' +
    'hf-mount-fuse=hf-mount google-drive-ocamlfuse onedriver',
  // They show another directory, and nothing says where that one is.
  unknown: 'bindfs mergerfs unionfs unionfs-fuse fuse-overlayfs encfs gocryptfs cryfs securefs',
};

/** What the source field tells about a `fuse` mount whose type does not: the first that matches. */
export const FUSE_SOURCES: readonly (KnownFilesystem & { readonly source: RegExp })[] = [
  { source: /^mfs#/, class: 'parallel', name: 'MooseFS' },
  { source: /^lizardfs|^lfs#/, class: 'parallel', name: 'LizardFS' },
  { source: /^juicefs:/i, class: 'parallel', name: 'JuiceFS' },
  { source: /^ceph-fuse\b/, class: 'parallel', name: 'CephFS' },
  { source: /^seaweedfs:/i, class: 'parallel', name: 'SeaweedFS' },
  { source: /^cubefs-|^chubaofs-/, class: 'parallel', name: 'CubeFS' },
  { source: /^mountpoint-s3\b/, class: 'object-mount', name: 'mountpoint-s3' },
  { source: /^hf-mount\b/, class: 'object-mount', name: 'hf-mount' },
  {
    source: /^(s3fs|goofys|gcsfuse|rclone|blobfuse2?|geesefs|tigrisfs|ossfs2?|cosfs|obsfs|riofs|s3ql)\b/i,
    class: 'object-mount',
    name: 'an object store',
  },
  {
    source: /^(s3|s3a|gs|gcs|az|abfss?|wasbs?|oss|cos|b2|hf|swift):\/\//i,
    class: 'object-mount',
    name: 'an object store',
  },
  { source: /^sshfs#|^[^/\s@]+@[^/\s:]+:/, class: 'network', name: 'sshfs' },
  { source: /^https?:\/\//i, class: 'network', name: 'WebDAV' },
  { source: /^\/\/[^/]/, class: 'network', name: 'SMB' },
  { source: /^(\[[0-9a-f:]+\]|[^/\s:]+):\//i, class: 'network', name: 'a file server' },
  { source: /^\/dev\/(?!fuse$)/, class: 'local', name: 'a disk' },
];

const KERNEL: ReadonlyMap<string, KnownFilesystem> = tableOf(KERNEL_TYPES);
const FUSE: ReadonlyMap<string, KnownFilesystem> = tableOf(FUSE_PROGRAMS);

/** What the table says about a `type` of the mount table, or null where it says nothing (`fuse`, `overlay`, …). */
export function filesystemOfType(type: string): KnownFilesystem | null {
  const lower = type.toLowerCase();
  const program = /^fuse(?:blk)?\.(.+)$/.exec(lower)?.[1];
  if (program !== undefined) return FUSE.get(program) ?? null;
  return KERNEL.get(lower) ?? null;
}

/** What the source of a `fuse`, `fuse.<program>` or `fuseblk` mount says, or null. */
export function filesystemOfFuseSource(source: string): KnownFilesystem | null {
  const known = FUSE_SOURCES.find((row) => row.source.test(source));
  return known === undefined ? null : { class: known.class, name: known.name };
}

/** Whether that type is some FUSE program, whose kernel type says nothing about it. */
export function isFuse(type: string): boolean {
  return /^(fuse|fuseblk|macfuse|osxfuse|fuse-t)(\.|$)/i.test(type);
}

/** Every type that the table names, for documentation and tests. */
export function knownTypes(): readonly (KnownFilesystem & { readonly type: string })[] {
  const rows = (table: ReadonlyMap<string, KnownFilesystem>, prefix: string) =>
    [...table].map(([type, known]) => ({ type: `${prefix}${type}`, class: known.class, name: known.name }));
  return [...rows(KERNEL, ''), ...rows(FUSE, 'fuse.')];
}

function tableOf(byClass: Readonly<Partial<Record<FilesystemClass, string>>>): Map<string, KnownFilesystem> {
  const table = new Map<string, KnownFilesystem>();
  for (const of of FILESYSTEM_CLASSES) {
    for (const word of (byClass[of] ?? '').split(' ').filter((each) => each !== '')) {
      const [type = '', name] = word.split('=');
      table.set(type, { class: of, name: (name ?? type).replaceAll('_', ' ') });
    }
  }
  return table;
}
