import { expect, it } from "vitest";
import { compile } from "../../compile/compile.js";
import { key } from "../../core/random/index.js";
import { tensor } from "../../core/tensor.js";
import { diffusionSorption } from "../diffusion-sorption.js";
import { fieldModel } from "../field-model.js";
import { expertWorkers } from "./expert-workers.js";

it("gives the answers of one thread, bit for bit", async () => {
  const problem = diffusionSorption({ times: 5, points: 8 });
  const pool = expertWorkers({ threads: 2 });
  try {
    const [here, there] = [undefined, pool].map((wanted) =>
      fieldModel(problem, { basis: 4, experts: [1, 4], layer: wanted ? { pool: wanted } : {} }),
    );
    const params = here!.init(key(0));
    const condition = tensor(Float64Array.of(0.1));
    const fields = [];
    for (const model of [here!, there!]) {
      const run = compile((p: typeof params) => model.apply(p, condition).field);
      fields.push(await (await run(params)).data());
      await run.release();
    }
    expect(fields[1]).toEqual(fields[0]);
  } finally {
    await pool.release();
  }
  await expect(
    pool.solve([
      {
        blocks: [
          {
            law: { terms: ["v"], residual: ([v]) => v!, expand: (v, f) => ((f[0] = 1), v[0]!) },
            terms: [Float64Array.of(1, 2)],
            offsets: [Float64Array.of(-3)],
          },
        ],
        ...{ size: 2, ridge: 0.1, start: 0, maxIterations: 20, tolerance: 1e-12, gaussNewton: false },
      },
    ]),
  ).resolves.toMatchObject([{ status: "converged" }]);
  expect(() => expertWorkers({ threads: 0 })).toThrow(/threads/);
}, 120_000);
