// The claim in the plane, where it can be seen: a flow from eight clusters to two moons, straightened once.
import { random, tensor, type Tensor } from "fluxion";
import type { ClaimContext } from "fluxion/claims";
import { samplePoints, seededUniform, type PointSetName } from "fluxion/data";
import {
  drawPairs,
  flowMlp,
  reflow,
  sampleOde,
  sampleTrajectory,
  straightness,
  transfer,
  transportCost,
  velocityOf,
  type FlowMlpParams,
} from "fluxion/flow";
import { slicedWasserstein } from "fluxion/train";
import { benchOptimizer, benchTraining } from "../fashion7.js";

const network = flowMlp({ shape: [2], width: 64 });
const model = network.apply;
const samplerSteps = 50;

const points = (name: PointSetName, n: number, seed: number) => samplePoints(name, n, seededUniform(seed));
const asTensor = (name: PointSetName, n: number, seed: number): Tensor => {
  const { data, shape } = points(name, n, seed);
  return tensor(data, { shape });
};

/** Figures of the flow of points for one seed. @param steps of each of the two trainings */
export async function pointFigures(
  { seed, signal }: ClaimContext,
  steps: number,
): Promise<Record<string, number>> {
  const [from, to, n] = ["eight-gaussians", "moons", 5000] as const;
  const common = { ...benchTraining, model, seed, steps, ...(signal ? { signal } : {}) };
  const first = await transfer({
    ...common,
    ...{
      params: network.init(random.key(seed)),
      source: points(from, n, 3 * seed),
      target: points(to, n, 3 * seed + 1),
    },
    optimizer: benchOptimizer(steps, 3e-3),
  });
  const starts = asTensor(from, n, 3 * seed + 2);
  const pairs = await drawPairs(
    async (z0) => sampleOde(velocityOf(model, first.ema!), z0, { steps: samplerSteps }),
    { n, batchSize: n, shape: [2], source: () => starts, ...(signal ? { signal } : {}) },
  );
  const second = await reflow({
    ...common,
    ...{ params: first.params, data: pairs, optimizer: benchOptimizer(steps, 3e-3) },
  });
  const z0 = asTensor(from, 2000, 3 * seed + 1000);
  const [real, independent] = [points(to, 2000, 3 * seed + 2000), asTensor(to, 2000, 3 * seed + 2000)];
  const measure = async (name: string, params: FlowMlpParams): Promise<Record<string, number>> => {
    const velocity = velocityOf(model, params);
    const trajectory = sampleTrajectory(velocity, z0, { steps: samplerSteps });
    const once = sampleOde(velocity, z0, { steps: 1 });
    return {
      [`pointStraightness${name}`]: await straightness(trajectory).item(),
      [`pointCost${name}`]: await transportCost(z0, trajectory.slice(-1)).item(),
      [`pointDistance${name}n1`]: slicedWasserstein(
        { data: (await once.data()) as Float32Array, shape: [2000, 2] },
        real,
      ),
    };
  };
  return {
    pointCostIndependent: await transportCost(z0, independent).item(),
    ...(await measure("1", first.ema!)),
    ...(await measure("2", second.ema!)),
  };
}
