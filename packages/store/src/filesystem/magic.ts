/**
 * The numbers by which `statfs` names a filesystem on Linux (`f_type`). Sources: linux/magic.h, the list of
 * coreutils' `stat -f`, and for WekaFS the list that libfuse's fusermount keeps.
 *
 * They are the second source, after the mount table: every FUSE filesystem and virtiofs have the same number, and
 * so have NFS v3 and v4. They are the only source where `/proc` is hidden.
 */
import type { FilesystemClass } from './type.ts';

export interface Magic {
  /** The type as the mount table would spell it. */
  readonly type: string;
  /** `unknown` where the number says nothing about where the data are: FUSE, overlay, automount points. */
  readonly class: FilesystemClass;
}

const BY_CLASS: Readonly<Record<FilesystemClass, readonly (readonly [number, string])[]>> = {
  local: [
    [0xef53, 'ext4'],
    [0xef51, 'ext2'],
    [0x58465342, 'xfs'],
    [0x9123683e, 'btrfs'],
    [0xf2f52010, 'f2fs'],
    [0xca451a4e, 'bcachefs'],
    [0x2fc12fc1, 'zfs'],
    [0x01021994, 'tmpfs'],
    [0x858458f6, 'ramfs'],
    [0x958458f6, 'hugetlbfs'],
    [0x73717368, 'squashfs'],
    [0xe0f5e1e2, 'erofs'],
    [0x00c0ffee, 'hostfs'],
    [0x53464846, 'wslfs'],
    [0x5346544e, 'ntfs'],
    [0x7366746e, 'ntfs3'],
    [0x4d44, 'vfat'],
    [0x2011bab0, 'exfat'],
    [0x3153464a, 'jfs'],
    [0x52654973, 'reiserfs'],
    [0x3434, 'nilfs2'],
    [0x15013346, 'udf'],
    [0x9660, 'iso9660'],
    [0x28cd3d45, 'cramfs'],
    [0x24051905, 'ubifs'],
    [0x72b6, 'jffs2'],
    [0x5a4f4653, 'zonefs'],
    [0x565a4653, 'vzfs'],
    [0x9fa0, 'proc'],
    [0x62656572, 'sysfs'],
    [0x1cd1, 'devpts'],
    [0x0027e0eb, 'cgroup'],
    [0x63677270, 'cgroup2'],
    [0x64626720, 'debugfs'],
    [0x74726163, 'tracefs'],
    [0x73636673, 'securityfs'],
    [0xcafe4a11, 'bpf'],
    [0x19800202, 'mqueue'],
    [0x6e736673, 'nsfs'],
  ],
  network: [
    [0x6969, 'nfs'],
    [0xff534d42, 'cifs'],
    [0xfe534d42, 'smb3'],
    [0x517b, 'smbfs'],
    // coreutils calls 9p local; here it is a share of the host (WSL, virtual machines, gVisor).
    [0x01021997, '9p'],
    [0x5346414f, 'afs'],
    [0x6b414653, 'kafs'],
    [0x73757245, 'coda'],
    [0x564c, 'ncpfs'],
    [0x786f4256, 'vboxsf'],
    [0xbacbacbc, 'vmhgfs'],
    [0x7c7c6673, 'prl_fs'],
  ],
  parallel: [
    [0x0bd00bd0, 'lustre'],
    [0x47504653, 'gpfs'],
    [0x18031977, 'wekafs'],
    [0x19830326, 'beegfs'],
    [0x00c36400, 'ceph'],
    [0xaad7aaea, 'panfs'],
    [0xbeefdead, 'snfs'],
    [0x013111a8, 'ibrix'],
    [0x61636673, 'acfs'],
    [0xa501fcf5, 'vxfs'],
    [0x01161970, 'gfs2'],
    [0x7461636f, 'ocfs2'],
    [0x20030528, 'orangefs'],
  ],
  'object-mount': [],
  unknown: [
    [0x65735546, 'fuse'],
    [0x794c7630, 'overlay'],
    [0x61756673, 'aufs'],
    [0xf15f, 'ecryptfs'],
    [0x0187, 'autofs'],
  ],
};

/** Every number with its type and class. */
export const MAGICS: ReadonlyMap<number, Magic> = new Map(
  Object.entries(BY_CLASS).flatMap(([of, rows]) =>
    rows.map(([number, type]) => [number, { type, class: of as FilesystemClass }] as const),
  ),
);

/** `0xbd00bd0`: how evidence spells a magic number. */
export function formatMagic(magic: number): string {
  return `0x${magic.toString(16)}`;
}
