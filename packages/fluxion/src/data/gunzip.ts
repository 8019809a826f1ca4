import { FormatError } from "../core/errors.js";

/** Most bytes that a data file may unpack to unless a caller says otherwise: 1 GiB. */
export const defaultMaxBytes = 2 ** 30;

/** True if `bytes` begin as a gzip stream does. */
export const isGzip = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;

/** Small, because a browser unpacks a whole chunk at once: one chunk can grow a thousandfold. */
const chunkBytes = 1 << 16;

/**
 * Unpacks a gzip stream with the platform's own DecompressionStream (Node and browsers); other bytes pass unchanged.
 * @param where names the file in errors
 * @param maxBytes most bytes the stream may unpack to
 * @throws FormatError if the stream is damaged, truncated or unpacks to more than `maxBytes`
 */
export async function gunzip(
  bytes: Uint8Array,
  where: string,
  maxBytes = defaultMaxBytes,
): Promise<Uint8Array> {
  if (!isGzip(bytes)) {
    if (bytes.length > maxBytes) throw tooLarge(where, maxBytes);
    return bytes;
  }
  let offset = 0;
  const source = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(controller) {
      if (offset >= bytes.length) return controller.close();
      // A copy: the bytes may lie in a pool shared with other buffers, which a stream may not transfer.
      controller.enqueue(new Uint8Array(bytes.subarray(offset, offset + chunkBytes)));
      offset += chunkBytes;
    },
  });
  const reader = source.pipeThrough(new DecompressionStream("gzip")).getReader();
  const parts: Uint8Array[] = [];
  let total = 0;
  try {
    for (let step = await reader.read(); !step.done; step = await reader.read()) {
      total += step.value.length;
      if (total > maxBytes) throw tooLarge(where, maxBytes);
      parts.push(step.value);
    }
  } catch (cause) {
    if (cause instanceof FormatError) {
      // The refusal is the news; a stream that also fails to close adds nothing.
      await reader.cancel().catch(() => undefined);
      throw cause;
    }
    throw new FormatError({
      where: `${where} (near byte ${Math.min(offset, bytes.length)})`,
      want: "a whole gzip stream",
      got: cause instanceof Error ? cause.message : String(cause),
      hint: "the file is damaged or cut short",
      cause,
    });
  }
  const out = new Uint8Array(total);
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

function tooLarge(where: string, maxBytes: number): FormatError {
  return new FormatError({
    where,
    want: `at most ${maxBytes} bytes`,
    got: "more",
    hint: "raise maxBytes if the file is trusted",
  });
}
