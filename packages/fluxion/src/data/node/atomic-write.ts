import { mkdir, open, rename, unlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { FluxionError } from "../../core/errors.js";

let writes = 0;

/**
 * Writes a file so that `path` holds either the old content or the whole new one, also after a crash: a temporary file
 * in the same folder, synced, renamed. Missing parent folders are made.
 * @param path the file to write
 * @throws FluxionError naming `path` (a full disk, a folder that cannot be written); no temporary file is left
 */
export async function writeFileAtomic(path: string, content: Uint8Array | string): Promise<void> {
  const folder = dirname(path);
  const temporary = join(folder, `.${basename(path)}.${process.pid}-${writes++}.tmp`);
  try {
    await mkdir(folder, { recursive: true });
    const file = await open(temporary, "wx");
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (cause) {
    // Often there is nothing to remove; the first failure is the one to report.
    await unlink(temporary).catch(() => undefined);
    throw new FluxionError({
      where: path,
      want: "a place to write",
      got: cause instanceof Error ? cause.message : String(cause),
      cause,
    });
  }
}
