import { describe, expect, it } from "vitest";
import {
  checkpoint,
  checkTree,
  compile,
  evaluate,
  grad,
  scan,
  tensor,
  treeMap,
  valueAndGrad,
  type Tensor,
} from "../index.js";
import { emitModel } from "../compile/emit.js";
import { structureKey } from "../compile/key.js";
import { simplify } from "../compile/simplify.js";
import { interpret } from "../testing/interpreter.js";
import { collect } from "./node.js";
import { placeholder } from "./tensor.js";

/** `steps` elementwise steps of two coupled variables: every step uses both twice. */
function coupled(steps: number): (x: Tensor) => Tensor {
  return (x) => {
    let [a, b] = [x, x.mul(0.5)];
    for (let i = 0; i < steps; i++)
      [a, b] = [a.add(b.mul(0.1)).tanh(), b.sub(a.mul(0.1)).add(a.mul(b).mul(0.01))];
    return a.add(b).sum();
  };
}

/** ONNX nodes of a function of one float32 vector of 4. */
function nodesOf(f: (x: Tensor) => Tensor): number {
  const x = placeholder([4], "float32");
  return emitModel(simplify([f(x)], [x]), [x]).nodes;
}

describe("compile time", { timeout: 30_000 }, () => {
  it("of unrolled coupled steps: the graph is linear in the steps, its gradient, too", () => {
    for (const transform of [(f: (x: Tensor) => Tensor) => f, (f: (x: Tensor) => Tensor) => grad(f)]) {
      const [ten, hundred, more] = [10, 100, 400].map((n) => nodesOf(transform(coupled(n))));
      const slope = (hundred! - ten!) / 90;
      expect(slope).toBeLessThan(40);
      expect((more! - hundred!) / 300).toBeCloseTo(slope, 0);
    }
  });

  it(
    "of unrolled steps and their gradient grows as the steps do, and the value is right",
    { timeout: 60_000 },
    async () => {
      const x = tensor([0.1, -0.2, 0.3, 0.4]);
      const timed = async (steps: number): Promise<[number, [Tensor, Tensor]]> => {
        const step = compile((v: Tensor) => valueAndGrad(coupled(steps))(v));
        const began = performance.now();
        const out = await step(x);
        const took = performance.now() - began;
        await step.release();
        return [took, out];
      };
      await timed(5);
      const [fewer] = await timed(25);
      const [more, [value, gradient]] = await timed(200);
      // Eight times the steps; a peer needed twice the time for every step more.
      expect(more).toBeLessThan(30 * Math.max(fewer, 50));
      const [wantValue, wantGradient] = interpret(valueAndGrad(coupled(200))(x));
      expect(await value.item()).toBeCloseTo(wantValue!.data[0]!, 4);
      expect(await gradient.toArray()).toEqual(
        Array.from(wantGradient!.data, (v) => expect.closeTo(v, 4) as number),
      );
    },
  );

  it("of a scan does not depend on the number of steps", () => {
    const loop = (length: number) => (x: Tensor) =>
      scan(
        (c: Tensor, _: undefined) => [c.tanh().add(x.mul(0.1)), undefined] as [Tensor, undefined],
        x,
        undefined,
        { length },
      )[0].sum();
    expect(nodesOf(loop(1000))).toBe(nodesOf(loop(10)));
    expect(nodesOf(grad(loop(1000)))).toBe(nodesOf(grad(loop(10))));
  });
});

describe("deep graphs", { timeout: 30_000 }, () => {
  it("a chain of 20,000 operations is differentiated, simplified and written without recursion", () => {
    const f = (x: Tensor): Tensor => {
      let y = x;
      for (let i = 0; i < 20_000; i++) y = i % 2 ? y.tanh() : y.add(x);
      return y.sum();
    };
    const x = placeholder([2], "float32");
    const gradient = grad(f)(x);
    expect(collect([gradient]).length).toBeGreaterThan(40_000);
    const simple = simplify([gradient], [x]);
    expect(emitModel(simple, [x]).nodes).toBeGreaterThan(40_000);
    expect(
      interpret(simple, new Map([[x, { shape: [2], dtype: "float32", data: Float64Array.of(0.1, 0.2) }]]))[0]!
        .data,
    ).toHaveLength(2);
  });

  it("a chain of 5,000 operations runs", async () => {
    let y = tensor([1]);
    for (let i = 0; i < 5000; i++) y = i % 2 ? y.mul(1.0001) : y.add(0.001).cos();
    expect(await y.item()).toBeCloseTo(interpret([y])[0]!.data[0]!, 3);
  });
});

describe("caching", { timeout: 30_000 }, () => {
  it("the second call does not trace again; another shape, dtype or structure does", async () => {
    let traces = 0;
    const f = compile((tree: { a: Tensor; b?: Tensor }) => {
      traces++;
      return tree.a.add(tree.b ?? 1);
    });
    await f({ a: tensor([1, 2]) });
    await f({ a: tensor([3, 4]) });
    expect(traces).toBe(1);
    await f({ a: tensor([3]) });
    await f({ a: tensor([3, 4], { dtype: "float64" }) });
    await f({ a: tensor([3, 4]), b: tensor([3, 4]) });
    expect(traces).toBe(4);
    expect(await (await f({ a: tensor([5, 6]) })).toArray()).toEqual([6, 7]);
    expect(traces).toBe(4);
    await f.release();
  });

  it("tells static values apart: functions, NaN, infinities, −0, null, undefined, strings and booleans", async () => {
    const f = compile((x: Tensor, how: unknown) =>
      x.add(typeof how === "function" ? (how as () => number)() : Object.is(how, -0) ? 100 : 0).mul(1),
    );
    const g = compile((x: Tensor, how: { value: unknown }[]) => ({ x, seen: how[0]!.value }));
    const x = tensor([1]);
    expect(await (await f(x, () => 1)).item()).toBe(2);
    expect(await (await f(x, () => 2)).item()).toBe(3);
    expect(await (await f(x, -0)).item()).toBe(101);
    expect(await (await f(x, 0)).item()).toBe(1);
    const values = [
      NaN,
      Infinity,
      -Infinity,
      null,
      0,
      -0,
      1,
      1.5,
      1 + Number.EPSILON,
      true,
      false,
      "1",
      "null",
      "true",
      "",
    ];
    for (const value of [...values, ...values]) expect((await g(x, [{ value }])).seen).toBe(value);
    await f.release();
    await g.release();
  });

  it("static strings cannot be mistaken for several", async () => {
    const f = compile((x: Tensor, list: string[]) => ({ x, text: list.join("+") }));
    const x = tensor([1]);
    expect((await f(x, ["a", "b"])).text).toBe("a+b");
    expect((await f(x, ['a"|"b', ""])).text).toBe('a"|"b+');
    expect((await f(x, ["a|b", "c"])).text).toBe("a|b+c");
    expect((await f(x, ["a", "b|c"])).text).toBe("a+b|c");
    await f.release();
  });

  it("literals that differ in the last bit, in NaN or in the sign of zero give different programs", async () => {
    const at = async (v: number): Promise<number> =>
      tensor([1])
        .mul(0)
        .add(1)
        .div(tensor([1]).mul(0).add(v))
        .item();
    expect([await at(0), await at(-0), await at(1)]).toEqual([Infinity, Infinity, 1]);
    expect(await tensor([2]).div(-0).item()).toBe(-Infinity);
    expect(await tensor([2]).div(0).item()).toBe(Infinity);
    expect(await tensor([2]).add(NaN).item()).toBeNaN();
    expect(await tensor([1], { dtype: "float64" }).add(Number.EPSILON).item()).toBe(1 + Number.EPSILON);
    expect(
      await tensor([1], { dtype: "float64" })
        .add(2 * Number.EPSILON)
        .item(),
    ).toBe(1 + 2 * Number.EPSILON);
  });

  it("evaluating the same lazy expression again builds no new program", async () => {
    const identity = (x: Tensor): Tensor => checkpoint((v: Tensor) => v.mul(2))(x);
    const plain = (v: number): Tensor =>
      tensor([v, 2])
        .exp()
        .mul(3)
        .sub(tensor([1, v]))
        .sum();
    const custom = (v: number): Tensor => grad((x: Tensor) => identity(x).sin().sum())(tensor([v, 2])).sum();
    for (const expression of [plain, custom]) {
      const keys = [expression(1), expression(2)].map((t) => {
        const nodes = collect([t]);
        const leaves = nodes.filter((n) => n.op.name === "Data").map((n) => n.outputs[0]!);
        return structureKey(
          [t],
          leaves,
          nodes.filter((n) => n.op.name !== "Data"),
        );
      });
      expect(keys[0]).toBe(keys[1]);
      await expression(1).item();
      const began = performance.now();
      for (let i = 0; i < 100; i++) await expression(i / 100).item();
      // A new session each time would take 100 times some milliseconds.
      expect((performance.now() - began) / 100).toBeLessThan(20);
    }
  });

  it("a failed trace is not kept", async () => {
    let fail = true;
    const f = compile((x: Tensor) => {
      if (fail) throw new Error("not yet");
      return x.add(1);
    });
    await expect(f(tensor([1]))).rejects.toThrow("not yet");
    fail = false;
    expect(await (await f(tensor([1]))).item()).toBe(2);
    await f.release();
  });
});

describe("trees", { timeout: 30_000 }, () => {
  it("are matched by key and not by order", async () => {
    const f = compile((p: { a: Tensor; b: Tensor }) => p.a.sub(p.b));
    expect(await (await f({ a: tensor(3), b: tensor(1) })).item()).toBe(2);
    expect(await (await f({ b: tensor(1), a: tensor(3) })).item()).toBe(2);
    expect(f.stats).toHaveLength(1);
    const sums = treeMap(
      (x: Tensor, y: Tensor) => x.add(y),
      { a: tensor(1), b: tensor(10) },
      { b: tensor(20), a: tensor(2) },
    );
    expect([await sums.a.item(), await sums.b.item()]).toEqual([3, 30]);
    await f.release();
  });

  it("name the path on a mismatch", () => {
    const like = { blocks: [{ qkv: tensor([[1, 2]]) }] };
    expect(() => checkTree("params", like, { blocks: [{ qkv: tensor([[1], [2]]) }] })).toThrow(
      /params\.blocks\[0\]\.qkv: want float32 \[1, 2\], got float32 \[2, 1\]/,
    );
    expect(() => checkTree("params", like, { blocks: [{ kqv: tensor([[1, 2]]) }] })).toThrow(
      /blocks\[0\]\.qkv/,
    );
    expect(() => treeMap((x: Tensor) => x, { a: tensor(1) }, { b: tensor(1) })).toThrow(/"a".*"b"/);
  });
});

describe("tensors that escape from a traced function", { timeout: 30_000 }, () => {
  it("cannot be evaluated, and the error says why", async () => {
    let escaped: Tensor | undefined;
    const f = compile((x: Tensor) => {
      escaped = x.mul(2);
      return escaped;
    });
    await f(tensor([1]));
    await expect(escaped!.data()).rejects.toThrow(/traced function/);
    await expect(evaluate({ escaped, other: tensor(1) })).rejects.toThrow(/do not let tensors escape/);
    await f.release();
  });

  it("cannot be used in another compiled function", async () => {
    let escaped: Tensor | undefined;
    const f = compile((x: Tensor) => (escaped = x.mul(2)));
    await f(tensor([1]));
    const g = compile((x: Tensor) => x.add(escaped!));
    await expect(g(tensor([1]))).rejects.toThrow(/traced function/);
    await Promise.all([f.release(), g.release()]);
  });

  it("of a scan's body are refused, too", async () => {
    let escaped: Tensor | undefined;
    scan(
      (c: Tensor, x: Tensor) => ((escaped = x), [c.add(x), undefined] as [Tensor, undefined]),
      tensor(0),
      tensor([1, 2]),
    );
    await expect(escaped!.add(1).item()).rejects.toThrow(/traced function/);
  });

  it("values cannot be read while tracing", async () => {
    const f = compile((x: Tensor) => {
      void x.item().catch(() => undefined);
      return x;
    });
    await f(tensor(1));
    const g = compile(async (x: Tensor) => x) as unknown as (x: Tensor) => Promise<unknown>;
    await expect(g(tensor(1))).rejects.toThrow(/promise/);
    await f.release();
  });
});
