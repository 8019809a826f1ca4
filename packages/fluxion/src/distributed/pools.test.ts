import { describe, expect, it } from "vitest";
import { OptionError } from "../core/errors.js";
import { codedRounds, type RoundReport } from "./coded-rounds.js";
import { gradientCode, type GradientCode } from "./gradient-code.js";
import { type FromWorker, remotePool, serveQueries, type ToWorker } from "./remote-pool.js";
import { fitSecondsPerLoad, selectScheme, simulateCode } from "./select-scheme.js";
import { virtualPool } from "./virtual-pool.js";
import type { WorkerPool } from "./worker-pool.js";

describe("virtualPool", () => {
  it("answers in the order of its clock, and computes only what is taken", async () => {
    const computed: number[] = [];
    const pool = virtualPool({
      size: 4,
      handler: (worker) => (query: number) => (computed.push(worker), query * 10 + worker),
      delay: (worker, round) => [3, 1, 2, Infinity][worker]! + round,
    });
    const round = pool.begin([1, 2, undefined, 4]);
    expect(await round.next()).toEqual({ worker: 1, at: 1, reply: 21 });
    expect(await round.next(2.9)).toBeUndefined();
    expect(computed).toEqual([1]);
    expect(await round.next(3)).toEqual({ worker: 0, at: 3, reply: 10 });
    expect(await round.next()).toBeUndefined();
    const second = pool.begin([1, 1, 1, 1]);
    expect((await second.next())?.at).toBe(2);
    second.end();
    expect(await second.next()).toBeUndefined();
    expect(() => pool.begin([1])).toThrow(/4 queries/);
    expect(() => virtualPool({ size: 0, handler: () => () => 1 })).toThrow(OptionError);
    await pool.release();
  });
});

/** Workers behind queues of messages, with a switch that breaks their lines. */
function lines(size: number, handler: (worker: number) => (query: number) => Promise<number>) {
  const inboxes: ((message: ToWorker<number>) => void)[] = [];
  let receive: (worker: number, message: FromWorker<number>) => void = () => undefined;
  let lost: (worker: number) => void = () => undefined;
  const deaf = new Set<number>();
  for (let worker = 0; worker < size; worker++) {
    serveQueries<number, number>(
      {
        send: (message) => queueMicrotask(() => receive(worker, message)),
        listen: (listener) => (inboxes[worker] = listener),
      },
      handler(worker),
    );
  }
  const pool = remotePool<number, number>({
    size,
    send: (worker, message) => queueMicrotask(() => deaf.has(worker) || inboxes[worker]!(message)),
    listen: (onMessage, onLost) => ([receive, lost] = [onMessage, onLost]),
    close: () => Promise.resolve(),
  });
  return { pool, deaf, lose: (worker: number) => lost(worker) };
}

describe("remotePool", () => {
  const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

  it("keeps deadlines by the real clock, and drops what comes too late", async () => {
    const started: string[] = [];
    const { pool } = lines(2, (worker) => async (query) => {
      started.push(`${worker}:${query}`);
      if (worker === 1 && query === 1) await wait(80);
      return query;
    });
    const first = pool.begin([1, 1]);
    expect((await first.next())?.worker).toBe(0);
    expect(await first.next(0.01)).toBeUndefined();
    first.end();
    // Worker 1 is still busy: the second query waits, is overtaken by its end, and is passed over.
    const second = pool.begin([2, 2]);
    expect(await second.next()).toMatchObject({ worker: 0, reply: 2 });
    second.end();
    const third = pool.begin([undefined, 3]);
    const answer = await third.next();
    expect(answer).toMatchObject({ worker: 1, reply: 3 });
    expect(answer!.at).toBeGreaterThan(0.02);
    expect(started).not.toContain("1:2");
    await pool.release();
  });

  it("goes on without workers that are lost, and passes on what a handler throws", async () => {
    const { pool, deaf, lose } = lines(3, (worker) => async (query) => {
      if (query === 9) throw new Error(`no ${worker}`);
      return query;
    });
    deaf.add(2);
    const round = pool.begin([1, 1, 1]);
    await round.next();
    await round.next();
    setTimeout(() => lose(2), 5);
    expect(await round.next()).toBeUndefined();
    round.end();
    const next = pool.begin([undefined, 1, 1]);
    expect((await next.next())?.worker).toBe(1);
    expect(await next.next()).toBeUndefined();
    next.end();
    await expect(pool.begin([9, undefined, undefined]).next()).rejects.toThrow(/worker 0.*no 0/);
  });
});

describe("codedRounds", () => {
  /** Reports of 5 workers with given delays a round. */
  async function play(
    code: GradientCode,
    delays: readonly (readonly number[])[],
    options: { jobs: number; mu?: number; waitOut?: "all" | "conform" },
  ): Promise<RoundReport[]> {
    const pool: WorkerPool<true, true> = virtualPool({
      ...{ size: 5, handler: () => () => true as const },
      delay: (worker, round) => delays[round]![worker]!,
    });
    const reports: RoundReport[] = [];
    const begin = (_: number, tasks: readonly (readonly unknown[])[]) =>
      pool.begin(tasks.map(({ length }) => (length > 0 ? true : undefined)));
    for await (const report of codedRounds({ code, begin, ...options })) reports.push(report);
    return reports;
  }
  const quick = [1, 1.5, 1.2, 1.1, 1.4];

  it("ends a round at its deadline, at the last answer, or when enough are there", async () => {
    const code = gradientCode(5, { kind: "gc", s: 1 });
    const two = [1, 5, 1.2, 9, 1.4];
    const reports = await play(code, [quick, [1, 5, 1.2, 1.1, 1.4], two], { jobs: 3 });
    expect(reports.map(({ seconds }) => seconds)).toEqual([1.5, 2, 5]);
    expect(reports.map(({ waited }) => waited)).toEqual([false, false, true]);
    expect([...reports[2]!.stragglers]).toEqual([0, 0, 0, 1, 0]);
    expect(reports[2]!.arrivals[3]).toBeNaN();
    const all = await play(code, [two], { jobs: 1, waitOut: "all" });
    expect(all[0]).toMatchObject({ seconds: 9, waited: true });
    expect((await play(code, [two], { jobs: 1, mu: 10 }))[0]).toMatchObject({ seconds: 9, waited: false });
  });

  it("waits on where a decoding would be spoiled", async () => {
    const code = gradientCode(5, { kind: "gc", s: 1 });
    let calls = 0;
    const picky: GradientCode = { ...code, decode: (d) => (calls++ < 1 ? undefined : code.decode(d)) };
    const [report] = await play(picky, [[1, 5, 1.2, 1.1, 1.4]], { jobs: 1 });
    expect(report).toMatchObject({ seconds: 5, waited: true });
  });

  it("skips the rounds at the end in which nothing is left to do", async () => {
    const code = gradientCode(5, { kind: "sr-sgc", B: 1, W: 2, lambda: 2 });
    const reports = await play(code, [quick, quick, quick], { jobs: 2 });
    expect(reports.map(({ seconds }) => seconds)).toEqual([1.5, 1.5, 0]);
    expect(reports.map(({ decoded }) => decoded?.job)).toEqual([undefined, 0, 1]);
  });

  it("says when those that are needed never answer", async () => {
    const code = gradientCode(5, { kind: "gc", s: 1 });
    const dead = [1, Infinity, 1, Infinity, 1];
    await expect(play(code, [dead], { jobs: 1 })).rejects.toThrow(/round 0.*workers 1, 3/);
    await expect(play(code, [quick], { jobs: 0 })).rejects.toThrow(OptionError);
    await expect(play(code, [quick], { jobs: 1, mu: -1 })).rejects.toThrow(OptionError);
    await expect(play(code, [quick], { jobs: 1, waitOut: "no" as "all" })).rejects.toThrow(OptionError);
  });
});

describe("choice of a scheme", () => {
  // One worker in turn is slow, for one round each: what coding over rounds is for.
  const delays = Array.from({ length: 12 }, (_, r) =>
    Float64Array.from({ length: 8 }, (_, i) => (r % 8 === i ? 10 : 1 + i / 100)),
  );

  it("knows the time that a simulation then takes", async () => {
    const profile = { delays, secondsPerLoad: 16 };
    const all = await selectScheme(profile, { maxStragglers: 4 });
    expect(all.map(({ seconds }) => seconds)).toEqual(
      [...all].map(({ seconds }) => seconds).sort((a, b) => a - b),
    );
    const { scheme, seconds } = all[0]!;
    expect(scheme.kind).toBe("m-sgc");
    const code = gradientCode(8, scheme);
    const again = await simulateCode(code, profile);
    expect(again.seconds / (12 - code.delay)).toBeCloseTo(seconds, 12);
    const [best] = await selectScheme({ delays, secondsPerLoad: 0 }, { maxStragglers: 4 });
    expect(best!.scheme.kind).toBe("gc");
  });

  it("fits what load costs", () => {
    expect(fitSecondsPerLoad([0, 0.25, 0.5, 1].map((load) => [load, 1.5 + 2.2013 * load]))).toBeCloseTo(
      2.2013,
    );
    expect(() => fitSecondsPerLoad([[1, 2]])).toThrow(OptionError);
  });

  it("refuses what it cannot try", async () => {
    await expect(selectScheme({ delays: [], secondsPerLoad: 1 })).rejects.toThrow(/at least|delays/);
    const ragged = [new Float64Array(3), new Float64Array(2)];
    await expect(selectScheme({ delays: ragged, secondsPerLoad: 1 })).rejects.toThrow(/delays/);
    await expect(selectScheme({ delays, secondsPerLoad: 1 }, { kinds: [] })).rejects.toThrow(/kind/);
    await expect(selectScheme({ delays, secondsPerLoad: -1 })).rejects.toThrow(OptionError);
  });
});
