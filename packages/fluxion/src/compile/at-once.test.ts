import { expect, it } from "vitest";
import { compile, tensor } from "../index.js";

it("runs one program many times at once", async () => {
  const f = compile((x: ReturnType<typeof tensor>) => x.mul(2).add(1));
  const results = await Promise.all(Array.from({ length: 16 }, (_, i) => f(tensor([i, i + 1]))));
  expect(await Promise.all(results.map(async (t) => [...(await t.data())]))).toEqual(
    Array.from({ length: 16 }, (_, i) => [2 * i + 1, 2 * i + 3]),
  );
});
