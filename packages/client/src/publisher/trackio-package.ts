/**
 * `@lamella/trackio`, which writes Trackio's own formats. It is imported only when a mode needs it, so that a publisher of
 * shards starts quickly, and it need not be installed.
 */
import type * as TrackioPackage from '@lamella/trackio';

export type Trackio = typeof TrackioPackage;

/** The package; null when it cannot be had, which is then told. `mode` is what needs it. */
export async function loadTrackio(mode: string, tell: (text: string) => void): Promise<Trackio | null> {
  try {
    return await import('@lamella/trackio');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const why = code === 'ERR_MODULE_NOT_FOUND' ? 'is not installed' : `cannot be loaded (${message})`;
    tell(
      `TRACKIO_STORAGE_MODE=${mode} needs the package @lamella/trackio, which ${why}; ` +
        'shards are written instead, and nothing is lost (npm install @lamella/trackio, or TRACKIO_STORAGE_MODE=parquet)',
    );
    return null;
  }
}
