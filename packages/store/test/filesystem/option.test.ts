import { describe, expect, it } from 'vitest';
import { classifyByTable } from '../../src/filesystem/classify.ts';
import { directoryCacheSeconds, judgeOptions, typeAdvice } from '../../src/filesystem/option.ts';
import { treatmentOf } from '../../src/filesystem/treatment.ts';
import { mountTable } from './mount-table.ts';

function judged(table: string, path: string): string[] {
  const { type, options } = classifyByTable(mountTable(table), path);
  return judgeOptions(type, options).map(({ option, level }) => `${level} ${option}`);
}

describe('mount options that matter', () => {
  it.each([
    ['nfs', '/mnt/a', []],
    ['nfs', '/mnt/v3', ['advice vers=3', 'warning nolock']],
    [
      'nfs',
      '/mnt/slow',
      ['advice vers=3', 'advice acregmax=300', 'advice acdirmax=600', 'warning soft', 'warning nocto'],
    ],
    ['nfs', '/mnt/noac', ['advice noac']],
    ['fsx-lustre', '/fsx', ['advice flock']],
    ['fsx-lustre', '/windows', []],
    ['hpc', '/lus/noflock', ['warning noflock']],
    ['hpc', '/lus/localflock', ['warning localflock']],
    ['hpc', '/gfs2', ['warning localflocks']],
    ['weka', '/fsx', ['advice writecache']],
    ['weka', '/weka-readcache', ['advice readcache', 'advice dentry_max_age_negative=1000']],
    ['shares', '/mnt/smb', ['warning cache=loose', 'warning nobrl']],
    ['shares', '/mnt/c', ['warning cache=5']],
    ['shares', '/mnt/loose', ['warning cache=loose']],
    ['docker-host', '/tmp/memory', ['warning volatile']],
    ['docker-host', '/tmp/readonly', ['warning ro']],
    ['workstation', '/snap/core22/1380', ['warning ro']],
    ['workstation', '/scratch', []],
  ])('%s %s', (table, path, expected) => {
    expect(judged(table, path)).toEqual(expected);
  });

  it('say what to do in one sentence each', () => {
    const { type, options } = classifyByTable(mountTable('nfs'), '/mnt/slow');
    const sentences = judgeOptions(type, options).map(({ sentence }) => sentence);
    expect(sentences.join('\n')).toContain('mount with `hard`');
    expect(sentences.filter((sentence) => /\.$|^[A-Z][a-z]+ [a-z]/.test(sentence))).toEqual([]);
  });

  it('of one topic are judged once', () => {
    const options = ['nolock', 'local_lock=all', 'acdirmax=100', 'actimeo=100'];
    expect(judgeOptions('nfs', options).map(({ option }) => option)).toEqual(['nolock', 'acdirmax=100']);
  });

  it('with a value that is no number are not judged by it', () => {
    expect(judgeOptions('nfs4', ['acdirmax=', 'actimeo=soon', 'acregmax'])).toEqual([]);
  });

  it('tell how long other NFS clients may keep a listing', () => {
    expect(directoryCacheSeconds('nfs4', ['rw'])).toBe(60);
    expect(directoryCacheSeconds('nfs4', ['acdirmax=600'])).toBe(600);
    expect(directoryCacheSeconds('nfs', ['actimeo=10'])).toBe(10);
    expect(directoryCacheSeconds('nfs', ['noac'])).toBe(0);
    expect(directoryCacheSeconds('lustre', ['acdirmax=600'])).toBeNull();
  });

  it('are not all that is known: some types have advice of their own', () => {
    expect(typeAdvice('tmpfs')[0]).toContain('memory');
    expect(typeAdvice('beegfs')[0]).toContain('tuneUseGlobalFileLocks');
    expect(typeAdvice('fuse.s3fs')[0]).toContain('15 minutes');
    expect(typeAdvice('ext4')).toEqual([]);
    expect(typeAdvice(null)).toEqual([]);
  });
});

describe('what Lamella does', () => {
  const treated = (table: string, path: string) => treatmentOf(classifyByTable(mountTable(table), path));

  it('on a local disk: rename, sync the directory, wait 5 s, open in place', () => {
    expect(treated('workstation', '/scratch')).toEqual({
      publish: 'rename',
      graceS: 5,
      flushS: 5,
      listS: 0.25,
      syncDirectory: true,
      touchDirectory: false,
      readCopies: false,
    });
  });

  it.each([
    ['fsx-lustre', '/fsx', 'rename', 300, false],
    ['nfs', '/mnt/a', 'rename', 300, false],
    ['nfs', '/mnt/v3', 'rename', 300, true],
    ['nfs', '/mnt/slow', 'rename', 1800, true],
    ['container', '/app', 'rename', 300, true],
    ['fuse', '/mnt/sshfs', 'rename', 300, false],
    ['fuse', '/mnt/s3fs', 'write-once', 1800, false],
    ['fuse', '/mnt/mountpoint', 'write-once', 300, false],
    ['fuse', '/mnt/hf', 'write-once', 300, false],
  ])('on %s %s: %s, removal after %d s', (table, path, publish, graceS, touchDirectory) => {
    expect(treated(table, path)).toMatchObject({ publish, graceS, touchDirectory, readCopies: true });
  });

  it('follows a probe that saw rename fail, and the user’s own flush interval', () => {
    const filesystem = classifyByTable(mountTable('fuse'), '/mnt/odd');
    expect(treatmentOf(filesystem, { renames: false, flushSecondsMax: 20 })).toMatchObject({
      publish: 'write-once',
      flushS: 20,
    });
  });
});
