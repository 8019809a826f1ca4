import { CopyButton } from "../copy-button.js";

/** Runs the downloaded file. */
const program = `import * as ort from "onnxruntime-web";

const session = await ort.InferenceSession.create("straightened.onnx");
// Standard normal numbers, by Box and Muller.
const n = 1000;
const normal = () => Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
const noise = new ort.Tensor("float32", Float32Array.from({ length: 2 * n }, normal), [n, 2]);
const { points } = await session.run({ noise });
console.log(points.dims, points.data); // [1000, 2], x and y between -2 and 2
`;

/** What the downloaded file takes and gives, and the lines that run it. */
export function TakeHome({ download, ready }: { download: () => void; ready: boolean }) {
  return (
    <section>
      <h2>Take it home</h2>
      <p>
        The trained sampler as an ONNX file, one step. In: <code>noise</code>, float32 [N, 2], standard normal
        numbers, any N. Out: <code>points</code>, float32 [N, 2], where the drawing is, −2 to 2. It holds
        standard operators only, so any ONNX runtime can run it.
      </p>
      <div class="buttons">
        <button disabled={!ready} onClick={download}>
          Download ONNX
        </button>
        <CopyButton text={program}>Copy the code</CopyButton>
      </div>
      <pre tabIndex={0} aria-label="Program that runs the file">
        <code>{program}</code>
      </pre>
    </section>
  );
}
