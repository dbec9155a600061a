import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { classifyByMountOutput, classifyWindowsPath } from '../../src/filesystem/other-system.ts';
import { FILESYSTEM_CLASSES } from '../../src/filesystem/type.ts';

const MOUNT_OUTPUT = `/dev/disk3s1s1 on / (apfs, sealed, local, read-only, journaled)
devfs on /dev (devfs, local, nobrowse)
/dev/disk3s5 on /System/Volumes/Data (apfs, local, journaled, nobrowse, protect, root data)
map auto_home on /System/Volumes/Data/home (autofs, automounted, nobrowse)
//alice@nas/share%20one on /Volumes/share one (smbfs, nodev, nosuid, mounted by alice)
filer:/export on /Volumes/export (nfs, nodev, nosuid, automounted, nobrowse)
/dev/disk5s1 on /Volumes/stick (msdos, local, nodev, nosuid, noowners)
alice@login:/data on /Volumes/ssh (macfuse, nodev, nosuid, synchronous, mounted by alice)
s3fs@macfuse0 on /Volumes/bucket (macfuse, nodev, nosuid, mounted by alice)
something on /Volumes/fuse (macfuse, local, nodev, nosuid, mounted by alice)
new on /Volumes/new (newfs, nodev)
drive on /Volumes/dav (webdav, nodev, noexec, nosuid, mounted by alice)
`;

describe('macOS', () => {
  it.each([
    ['/System/Volumes/Data/runs', 'local', 'apfs', '/System/Volumes/Data'],
    ['/private/tmp', 'local', 'apfs', '/'],
    ['/Volumes/share one/runs', 'network', 'smbfs', '/Volumes/share one'],
    ['/Volumes/export/runs', 'network', 'nfs', '/Volumes/export'],
    ['/Volumes/stick', 'local', 'msdos', '/Volumes/stick'],
    ['/Volumes/ssh/runs', 'network', 'macfuse', '/Volumes/ssh'],
    ['/Volumes/bucket/runs', 'object-mount', 'macfuse', '/Volumes/bucket'],
    ['/Volumes/fuse/runs', 'unknown', 'macfuse', '/Volumes/fuse'],
    ['/Volumes/new/runs', 'network', 'newfs', '/Volumes/new'],
    ['/Volumes/dav/runs', 'network', 'webdav', '/Volumes/dav'],
  ])('%s is %s', (path, of, type, mount) => {
    expect(classifyByMountOutput(MOUNT_OUTPUT, path)).toMatchObject({ class: of, type, mount });
  });

  it('says so where mount printed nothing useful', () => {
    expect(classifyByMountOutput('', '/x')).toMatchObject({ class: 'unknown', type: null });
  });
});

describe('Windows', () => {
  it.each([
    ['C:\\runs', 'local', null],
    ['\\\\?\\D:\\runs', 'local', null],
    ['\\\\server\\share\\runs', 'network', '\\\\server\\share'],
    ['\\\\?\\UNC\\server\\share\\runs', 'network', '\\\\server\\share'],
    ['//server/share/runs', 'network', '\\\\server\\share'],
    ['\\\\wsl.localhost\\Debian\\srv', 'network', '\\\\wsl.localhost\\Debian'],
    ['\\\\.\\pipe\\x', 'unknown', null],
  ])('%s is %s', (path, of, source) => {
    expect(classifyWindowsPath(path)).toMatchObject({ class: of, source });
  });
});

it('never throws, whatever mount prints and whatever the path is', () => {
  const text = fc.string({ unit: 'binary', maxLength: 60 });
  fc.assert(
    fc.property(text, text, (output, path) => {
      expect(FILESYSTEM_CLASSES).toContain(classifyByMountOutput(output, path).class);
      expect(FILESYSTEM_CLASSES).toContain(classifyWindowsPath(path).class);
    }),
  );
});
