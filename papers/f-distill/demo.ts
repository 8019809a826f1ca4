// Two students that cannot be their teacher: a Gaussian each, pulled towards two clusters in different divergences.
import { random, tensor, type Tensor } from "fluxion";
import { demoState, inTurns, type Demo, type DemoState, type View } from "fluxion/demo";
import { fDivergences, type FDivergenceName } from "fluxion/flow";
import {
  gaussianMatching,
  logDensity,
  shareOfFirst,
  type Component,
  type GaussianStudent,
} from "./mixture.js";

const names: Readonly<Record<FDivergenceName, string>> = {
  "forward-kl": "Forward KL",
  jeffreys: "Jeffreys",
  "jensen-shannon": "Jensen-Shannon",
  "squared-hellinger": "Squared Hellinger",
  "softened-reverse-kl": "Softened reverse KL",
  "reverse-kl": "Reverse KL",
  pearson: "Pearson",
  neyman: "Neyman",
};
const options = Object.entries(names).map(([value, label]) => ({ value, label }));

const controls = {
  divergence: { kind: "choice", label: "Divergence of the second student", options, initial: "forward-kl" },
  separation: { kind: "range", label: "Distance of the clusters", min: 1, max: 6, step: 0.25, initial: 3 },
  minor: { kind: "range", label: "Share of the left cluster", min: 0.05, max: 0.5, step: 0.05, initial: 0.4 },
  clipped: { kind: "toggle", label: "Ratios kept in 0.1 … 20", initial: true },
  samples: { kind: "range", label: "Samples in a batch", min: 32, max: 1024, step: 32, initial: 512 },
  seed: { kind: "range", label: "Seed", min: 0, max: 99, step: 1, initial: 0 },
} as const satisfies Demo["controls"];

const [shown, steps, stepsPerTurn] = [300, 2000, 40];

async function create(wanted: DemoState) {
  const { divergence, separation, minor, clipped, samples, seed } = demoState(controls, wanted);
  const clusters: readonly Component[] = [
    { mean: [-separation / 2, 0], covariance: [0.2, 0, 0, 0.6], weight: minor },
    { mean: [separation / 2, 0], covariance: [0.35, 0.15, 0.15, 0.35], weight: 1 - minor },
  ];
  const chosen = divergence as FDivergenceName;
  const arms = [
    { name: "Reverse KL", key: "reverse-kl" as FDivergenceName },
    { name: chosen === "reverse-kl" ? "Reverse KL too" : names[chosen], key: chosen },
  ].map((arm) => ({
    ...arm,
    shares: [] as [number, number][],
    run: gaussianMatching({
      ...{ teacher: clusters, divergence: fDivergences[arm.key], start: [0.1 * separation, 0] },
      ...{ samples, learningRate: 0.01, seed, clip: clipped ? ([0.1, 20] as const) : false },
    }),
  }));
  const real = await teacherPoints(clusters, seed);
  let made = 0;
  const share = (student: GaussianStudent): Promise<number> => shareOfFirst(student, clusters, seed + 50);

  const turns = inTurns(async (pause) => {
    for (; made < steps; await pause()) {
      for (const arm of arms) arm.shares.push([made, await share(arm.run.student)]);
      for (const arm of arms) await arm.run.advance(stepsPerTurn);
      made += stepsPerTurn;
    }
  });
  const z = random.normal(random.key(seed + 9), [shown, 2]);
  const points = async ({ mean, factor }: GaussianStudent): Promise<Float32Array> =>
    (await z.matmul(factor).add(mean).data()) as Float32Array;
  /** Share of samples where the teacher's density is below a thousandth. */
  const nowhere = ({ mean, factor }: GaussianStudent): Promise<number> =>
    logDensity(clusters)(z.matmul(factor).add(mean)).less(Math.log(1e-3)).cast("float32").mean().item();
  const ratios = Array.from({ length: 61 }, (_, i) => 10 ** (-1 + i / 30));
  const weights = await Promise.all(
    arms.map(async ({ key }) => {
      const h = Array.from(await fDivergences[key].weight(tensor(ratios)).data(), Number);
      // Only proportions count: brought to 1 at r = 1.
      const one = await fDivergences[key].weight(tensor([1])).item();
      return ratios.map((r, i): [number, number] => [r, h[i]! / one]);
    }),
  );

  return {
    step: () => turns.next(),
    async views(): Promise<View[]> {
      const now = await Promise.all(arms.map((arm) => share(arm.run.student)));
      const astray = await Promise.all(arms.map((arm) => nowhere(arm.run.student)));
      const seen = await Promise.all(arms.map((arm) => points(arm.run.student)));
      return [
        ...arms.map((arm, i): View => ({
          kind: "points",
          title: `Student: ${arm.name}`,
          groups: [
            { name: "teacher", points: real },
            { name: "student", points: seen[i]! },
          ],
          extent: 2 + separation / 2,
        })),
        {
          kind: "curves",
          title: "Share of the left cluster in what the student makes",
          ...{ x: { label: "step", min: 0, max: steps }, y: { label: "share", min: 0, max: 0.5 } },
          curves: [
            ...arms.map((arm) => ({ name: arm.name, points: [...arm.shares] })),
            {
              name: "teacher",
              style: "dashed",
              points: [
                [0, minor],
                [steps, minor],
              ] as const,
            },
          ],
        },
        {
          ...{ kind: "curves", whole: true },
          title: "What a sample counts, by the ratio r of teacher to student",
          ...{ x: { label: "r", logarithmic: true }, y: { label: "h(r) / h(1)", logarithmic: true } },
          curves: arms.map((arm, i) => ({ name: arm.name, points: weights[i]! })),
        },
        {
          kind: "figures",
          title: `Share of the left cluster (teacher: ${minor})`,
          figures: [
            ...arms.map((arm, i) => ({ name: arm.name, value: now[i]! })),
            { name: "error of the second student's share", value: Math.abs(now[1]! - minor) },
            ...arms.map((arm, i) => ({
              name: `${arm.name}: neither`,
              value: astray[i]!,
              note: "samples where the teacher has next to none",
            })),
          ],
        },
      ];
    },
    async release() {
      await Promise.all(arms.map((arm) => arm.run.release()));
    },
  };
}

/** Points of the clusters, with these axes for their spread. */
async function teacherPoints(clusters: readonly Component[], seed: number): Promise<Float32Array> {
  const z = (await random.normal(random.key(seed + 1), [shown, 2]).data()) as Float32Array;
  const parts: Tensor[] = [];
  let from = 0;
  for (const [
    i,
    {
      mean,
      covariance: [a, b, , d],
      weight,
    },
  ] of clusters.entries()) {
    const to = i === clusters.length - 1 ? shown : from + Math.round(weight * shown);
    const l = Math.sqrt(a);
    const factor = tensor([
      [l, b / l],
      [0, Math.sqrt(d - (b / l) ** 2)],
    ]);
    const rows = tensor(z.subarray(2 * from, 2 * to), { shape: [to - from, 2] });
    parts.push(rows.matmul(factor).add(tensor([...mean])));
    from = to;
  }
  const arrays = await Promise.all(parts.map((part) => part.data()));
  return Float32Array.from(arrays.flatMap((array) => Array.from(array, Number)));
}

/** Which divergence a student is pulled in. */
export const demo: Demo = {
  id: "f-distill",
  caption:
    "A one-step student moves along the difference of its teacher's score and its own. Weighted by a function of the density ratio, the same move follows another divergence: this decides whether a student that cannot do everything drops a cluster or covers both.",
  watch: {
    label: "Error of the second student's share of the left cluster",
    note: "against the teacher's share",
    better: "lower",
    of: "error of the second student's share",
  },
  picture: {
    alt: "Two students on two clusters of points: one has collapsed onto one cluster, one covers both.",
    views: ["Student: Reverse", "Student: Forward"],
  },
  controls,
  presets: [
    {
      name: "Cover or drop",
      note: "In reverse KL the student collapses onto one cluster; in forward KL the same moves, weighted by the ratio, spread it over both.",
      shows: "effect",
      state: {},
    },
    {
      name: "Jensen-Shannon",
      note: "Its weight saturates: both clusters, and little variance.",
      shows: "effect",
      state: { divergence: "jensen-shannon" },
    },
    {
      name: "Softened is not covering",
      note: "The softened reverse KL counts samples the less, the more the teacher wants them: it drops a cluster, too.",
      shows: "failure",
      state: { divergence: "softened-reverse-kl" },
    },
    {
      name: "The price of covering",
      note: "With clusters far apart a Gaussian that covers both makes many samples that are neither; the one that drops a cluster makes hardly any.",
      shows: "failure",
      state: { separation: 6 },
    },
  ],
  create,
};
