// Part A of the claim: a student that cannot be the teacher, with exact scores and exact density ratios, in the plane.
import {
  compile,
  grad,
  linalg,
  logsumexp,
  matmul,
  random,
  scan,
  stack,
  std,
  tensor,
  valueAndGrad,
  type Tensor,
} from "fluxion";
import type { ArrayData } from "fluxion/data";
import { densityRatio, normalizeWeights, pseudoLoss, type FDivergence } from "fluxion/flow";
import { adam, applyUpdates, chain, clipByValue } from "fluxion/optim";

/** A Gaussian in the plane, by its mean and covariance. */
export interface Component {
  readonly mean: readonly [number, number];
  readonly covariance: readonly [number, number, number, number];
  readonly weight: number;
}

/** Log-density of a mixture at points [N, 2], up to no constant. */
export function logDensity(components: readonly Component[]): (x: Tensor) => Tensor {
  return (x) => {
    const parts = components.map(({ mean, covariance: [a, b, c, d], weight }) => {
      const det = a * d - b * c;
      const e = x.sub(tensor([...mean]));
      const [u, v] = [e.narrow(1, 0, 1).squeeze(1), e.narrow(1, 1, 2).squeeze(1)];
      const quadratic = u
        .square()
        .mul(d)
        .add(v.square().mul(a))
        .sub(u.mul(v).mul(b + c))
        .div(det);
      return quadratic.mul(-0.5).add(Math.log(weight) - Math.log(2 * Math.PI) - 0.5 * Math.log(det));
    });
    return logsumexp(stack(parts), 0);
  };
}

/** Mean, covariance and share of rows [N, 2]. */
export function componentOf(rows: readonly (readonly [number, number])[], total: number): Component {
  const n = rows.length;
  const mean = [0, 1].map((j) => rows.reduce((s, r) => s + r[j]!, 0) / n) as [number, number];
  const moment = (i: 0 | 1, j: 0 | 1): number =>
    rows.reduce((s, r) => s + (r[i] - mean[i]) * (r[j] - mean[j]), 0) / n;
  const covariance = [moment(0, 0), moment(0, 1), moment(1, 0), moment(1, 1)] as const;
  return { mean, covariance, weight: n / total };
}

/** Rows projected on their first two principal axes and brought to unit variance. */
export async function principalPlane({ data, shape }: ArrayData<Float32Array>): Promise<[number, number][]> {
  const x = tensor(data, { shape }).reshape([shape[0]!, -1]).cast("float64");
  const centred = x.sub(x.mean(0));
  // Eigenvalues ascend: the last axes are the first components. An axis has no sign; its sum gets one.
  const [, vectors] = linalg.eigh(matmul(centred.transpose(), centred));
  const d = vectors.shape[0]!;
  const axes = vectors.narrow(1, d - 2, d).flip(1);
  const raw = matmul(centred, axes.mul(axes.sum(0).sign()));
  const flat = await raw.div(std(raw, 0)).data();
  return Array.from({ length: shape[0]! }, (_, i) => [Number(flat[2 * i]), Number(flat[2 * i + 1])]);
}

/** A Gaussian student x = mean + z·factor, z ~ N(0, I). */
export type GaussianStudent = { mean: Tensor; factor: Tensor };

/** Options of `gaussianMatching`. */
export interface GaussianMatching {
  readonly teacher: readonly Component[];
  readonly divergence: FDivergence;
  readonly start: readonly [number, number];
  readonly samples: number;
  readonly learningRate: number;
  readonly clip?: readonly [number, number] | false;
  readonly seed: number;
}

/** A run of distribution matching with exact scores: state in, state out, `steps` at a time. */
export function gaussianMatching({
  teacher,
  divergence,
  start,
  samples,
  learningRate,
  clip: bounds,
  seed,
}: GaussianMatching) {
  const log = logDensity(teacher);
  const score = grad((x: Tensor) => log(x).sum());
  const optimizer = chain(clipByValue(2), adam({ learningRate }));
  const first: GaussianStudent = {
    mean: tensor([...start]),
    factor: tensor([
      [0.5, 0],
      [0, 0.5],
    ]),
  };
  type State = { student: GaussianStudent; moments: unknown };
  const one = (state: State, key: Tensor): [State, Tensor] => {
    const loss = (p: GaussianStudent): Tensor => {
      const z = random.normal(key, [samples, 2]);
      const x = z.matmul(p.factor).add(p.mean);
      const entry = (i: number, j: number): Tensor =>
        p.factor
          .narrow(0, i, i + 1)
          .narrow(1, j, j + 1)
          .reshape([]);
      const [a, b, c, d] = [entry(0, 0), entry(0, 1), entry(1, 0), entry(1, 1)];
      const det = a.mul(d).sub(b.mul(c));
      // Score of the student: −factor⁻¹·z, and its log-density from z.
      const [z0, z1] = [z.narrow(1, 0, 1), z.narrow(1, 1, 2)];
      const own = stack([d.mul(z0).sub(b.mul(z1)).squeeze(1), a.mul(z1).sub(c.mul(z0)).squeeze(1)], 1)
        .div(det)
        .neg();
      const logOwn = z
        .square()
        .sum(1)
        .mul(-0.5)
        .sub(det.abs().log())
        .sub(Math.log(2 * Math.PI));
      const ratio = densityRatio(log(x).sub(logOwn), bounds === undefined ? {} : { clip: bounds });
      // All samples have one noise level, so they are one bin.
      const weight = normalizeWeights(divergence.weight(ratio.div(ratio.mean())));
      return pseudoLoss(x, own.sub(score(x)).mul(weight.expandDims(1)));
    };
    const [value, slope] = valueAndGrad(loss)(state.student);
    const { updates, state: moments } = optimizer.update(slope, state.moments as never, state.student);
    return [{ student: applyUpdates(state.student, updates), moments }, value];
  };
  const run = compile((state: State, keys: Tensor) => scan(one, state, keys)[0], { threads: 1 });
  let state: State = { student: first, moments: optimizer.init(first) };
  const root = random.key(seed);
  let made = 0;
  return {
    async advance(steps: number): Promise<GaussianStudent> {
      state = await run(state, random.split(random.foldIn(root, made), steps));
      made += steps;
      return state.student;
    },
    get student(): GaussianStudent {
      return state.student;
    },
    release: () => run.release(),
  };
}

/** Part of a student's samples that the teacher's first component explains better than the others. */
export async function shareOfFirst(
  student: GaussianStudent,
  teacher: readonly Component[],
  seed: number,
): Promise<number> {
  const x = random.normal(random.key(seed), [4000, 2]).matmul(student.factor).add(student.mean);
  const [first, ...others] = teacher;
  const better = logDensity([first!])(x).greater(logDensity(others)(x));
  return better.cast("float32").mean().item();
}
