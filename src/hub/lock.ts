import { randomUUID } from 'node:crypto';
import { open, readFile, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { HubError, isCode } from './error.js';
import { reasonOf } from '../common/values.js';

/** How often a lock is touched as long as it is held, in milliseconds. */
const beat = 5_000;
/** A lock that was not touched for so long holds nobody up, in milliseconds. */
const abandoned = 60_000;

export interface Lock {
  release(): Promise<void>;
}

/**
 * Lets one window at a time write to a folder.
 * @throws HubError when another does, or the folder cannot be written to
 */
export async function lock(folder: string, id: string): Promise<Lock> {
  const path = join(folder, '.download');
  const mine = `${process.pid} ${randomUUID()}`;
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      const handle = await open(path, 'wx');
      try {
        await handle.writeFile(mine);
      } finally {
        await handle.close();
      }
      return held(path, mine);
    } catch (error) {
      if (!isCode(error, 'EEXIST')) {
        throw new HubError(`${folder} cannot be written to: ${reasonOf(error)}.`, { cause: error });
      }
      if (await isAbandoned(path)) await rm(path, { force: true });
    }
  }
  throw new HubError(`${id} is being fetched into ${folder} already, by this window or another.`);
}

function held(path: string, mine: string): Lock {
  const timer = setInterval(() => {
    const now = new Date();
    // Where it cannot be touched it counts as abandoned after a while; hashes are checked all the same.
    void utimes(path, now, now).catch(() => undefined);
  }, beat);
  timer.unref();
  return {
    async release() {
      clearInterval(timer);
      if ((await readFile(path, 'utf8').catch(() => '')) === mine) await rm(path, { force: true });
    },
  };
}

/** Whether the process that wrote a lock is gone. Its number alone does not tell: another process may have it by now. */
async function isAbandoned(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return true;
  if (Date.now() - found.mtimeMs > abandoned) return true;
  const [holder] = (await readFile(path, 'utf8').catch(() => '')).split(' ');
  // Without a number it is being written just now.
  return holder !== undefined && holder !== '' && !isAlive(Number(holder));
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return isCode(error, 'EPERM');
  }
}
