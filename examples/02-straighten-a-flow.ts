// Trains a flow from noise to two moons, straightens it by reflow, and compares one Euler step before and after.
import { random, tensor } from "fluxion";
import { samplePoints, seededUniform } from "fluxion/data";
import {
  flowMlp,
  generatePairs,
  reflow,
  sampleTrajectory,
  straightness,
  trainFlow,
  velocityOf,
} from "fluxion/flow";
import { slicedWasserstein } from "fluxion/train";

const x1 = samplePoints("moons", 4000, seededUniform(0));
const net = flowMlp({ shape: [2], width: 64 });
const training = { model: net.apply, stepsPerCall: 50, ema: 0.99 };

const first = await trainFlow({ ...training, params: net.init(random.key(0)), data: { x1 }, steps: 600 });
const pairs = await generatePairs({ model: net.apply, params: first.ema!, n: 4000, shape: [2], steps: 50 });
const second = await reflow({ ...training, params: first.params, data: pairs, steps: 400 });

for (const [name, { ema }] of Object.entries({ first, second })) {
  const oneStep = await generatePairs({
    model: net.apply,
    params: ema!,
    n: 2000,
    shape: [2],
    steps: 1,
    seed: 1,
  });
  const noise = tensor(oneStep.x0.data, { shape: oneStep.x0.shape });
  const path = sampleTrajectory(velocityOf(net.apply, ema!), noise, { steps: 50 });
  const bend = await straightness(path).item();
  const distance = slicedWasserstein(oneStep.x1, x1);
  console.log(`${name}: straightness ${bend.toFixed(4)}, one-step distance ${distance.toFixed(4)}`);
}
