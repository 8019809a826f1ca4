// Trains the networks of `pretrainedDirections` as the claim of deep-conjugate-direction does and writes
// packages/fluxion/assets/directions/*.safetensors. About two minutes on two cores:
//   npx tsx --conditions fluxion-source scripts/train-directions.mts
import { mkdirSync, writeFileSync } from "node:fs";
import { writeSafetensors } from "fluxion/onnx";
import { school } from "../papers/deep-conjugate-direction/problems.js";

const target = new URL("../packages/fluxion/assets/directions/", import.meta.url);
mkdirSync(target, { recursive: true });
for (const schooling of [
  { dims: 2, side: 32, channels: 8, ritzVectors: 300, samples: 2048, steps: 3000 },
  { dims: 3, side: 16, channels: 8, ritzVectors: 300, samples: 2048, steps: 1500 },
] as const) {
  const { params, history } = await school(schooling, 0).trained;
  const loss = history.slice(-10).reduce((sum, r) => sum + r.loss, 0) / 10;
  console.log(`${schooling.dims}-D: ${schooling.steps} steps, loss ${loss.toFixed(4)}`);
  writeFileSync(new URL(`poisson-${schooling.dims}d.safetensors`, target), await writeSafetensors(params));
}
