// A disk whose power can be cut: an ext4 filesystem in an image file, mounted over a loop device.
//
// What a program has written and not synced is in the page cache of the mounted filesystem and not
// in the image. So a copy of the image, taken while the program stands still, is what a machine
// finds after its power was cut: everything synced is there, and of the rest whatever the kernel
// happened to have written. A disk that forgets what it was told to flush is not modelled: what
// has reached the image survives.
import { execFileSync } from 'node:child_process';
import { accessSync, constants, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { cleanUp, until } from './pod.mjs';

/** Why no such disk can be made here; nothing if it can. */
export function whyNoCrashDisk() {
  if (process.getuid() !== 0) return 'only root may mount a loop device';
  try {
    run('losetup', '--find');
    return undefined;
  } catch {
    return 'there are no loop devices here';
  }
}

function run(...command) {
  execFileSync(command[0], command.slice(1), { stdio: ['ignore', 'ignore', 'pipe'] });
}

// In memory if there is room for the image and its copy: hundreds of copies are made.
function placeForImages(mb) {
  try {
    const { bavail, bsize } = statfsSync('/dev/shm');
    accessSync('/dev/shm', constants.W_OK);
    return bavail * bsize > 2 * mb * 2 ** 20 ? '/dev/shm' : tmpdir();
  } catch {
    return tmpdir();
  }
}

export class CrashDisk {
  cuts = 0;

  /** `mb`: its size; only what is written takes memory. */
  static make(t, { mb = 128 } = {}) {
    const disk = new CrashDisk();
    disk.place = mkdtempSync(path.join(placeForImages(mb), 'synap-crash-'));
    disk.folder = mkdtempSync(path.join(tmpdir(), 'synap-crash-'));
    disk.image = path.join(disk.place, 'disk');
    cleanUp(t, () => {
      disk.#unmount();
      for (const folder of [disk.place, disk.folder]) rmSync(folder, { recursive: true, force: true });
    });
    run('truncate', '-s', `${mb}M`, disk.image);
    // One inode for each 4 KiB: content is many small files.
    run('mkfs.ext4', '-q', '-i', '4096', disk.image);
    disk.#mount();
    return disk;
  }

  /** Cuts the power under `pod`, and gives the disk back as the machine would find it. */
  async cut(pod) {
    if (!pod.child) throw new Error(`the pod ended by itself:\n${pod.lines.slice(-5).join('\n')}`);
    pod.child.kill('SIGSTOP');
    await until(10_000, () => standsStill(pod.pid), 'every thread of the pod has stopped');
    const found = `${this.image}.found`;
    run('cp', '--sparse=always', this.image, found);
    await pod.kill();
    this.#unmount();
    renameSync(found, this.image);
    this.#mount();
    this.cuts += 1;
  }

  #mount() {
    run('mount', '-o', 'loop', this.image, this.folder);
    this.isMounted = true;
  }

  #unmount() {
    if (this.isMounted) run('umount', this.folder);
    this.isMounted = false;
  }
}

// A thread in the middle of a sync stops when the sync has ended.
function standsStill(pid) {
  return readdirSync(`/proc/${pid}/task`).every((thread) => {
    const stat = readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2)[0] === 'T';
  });
}
