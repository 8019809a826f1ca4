import { describe, expect, it } from "vitest";
import { FormatError, OptionError } from "../core/errors.js";
import { decodeMessage, encodeMessage } from "./message-codec.js";
import { type NatsConnection, natsPool, serveNats } from "./nats-pool.js";

describe("messages as bytes", () => {
  const message = {
    kind: "query",
    list: [Float32Array.of(1, -2.5, NaN), Int32Array.of(7), new Float64Array()],
    deep: { x: Float64Array.of(Math.PI, Infinity), bytes: Uint8Array.of(1, 2, 3), text: "τ", none: null },
  };

  it("come back as they were, wherever they lie in memory", () => {
    const bytes = encodeMessage(message);
    const shifted = new Uint8Array(bytes.length + 3).subarray(3);
    shifted.set(bytes);
    expect(decodeMessage(bytes)).toEqual(message);
    expect(decodeMessage(shifted)).toEqual(message);
    expect(decodeMessage(Buffer.from(shifted.buffer, 3))).toEqual(message);
    // A view of a part of a buffer is sent as that part.
    const part = { v: new Float32Array([1, 2, 3, 4]).subarray(1, 3) };
    expect(decodeMessage(encodeMessage(part))).toEqual({ v: Float32Array.of(2, 3) });
  });

  it("are refused where they are damaged", () => {
    const bytes = encodeMessage(message);
    for (let length = 0; length < bytes.length - 8; length += 5)
      expect(() => decodeMessage(bytes.subarray(0, length)), String(length)).toThrow(FormatError);
    for (const place of [
      { $array: "Function", from: 0, length: 1 },
      { $array: "Float32Array", from: -8, length: 1 },
      { $array: "Float32Array", from: 0, length: 1e9 },
      { $array: "Float32Array", from: 0 },
    ])
      expect(() => decodeMessage(encodeMessage({ place })), JSON.stringify(place)).toThrow(FormatError);
  });
});

/** What a NATS server does, without one: messages go to whoever is subscribed now, later and in order. */
function broker(): NatsConnection {
  const listeners = new Map<string, Set<(data: Uint8Array | undefined) => void>>();
  return {
    publish: (subject, payload) =>
      setTimeout(() => listeners.get(subject)?.forEach((listener) => listener(payload.slice()))),
    subscribe(subject) {
      const waiting: (Uint8Array | undefined)[] = [];
      let wake = (): void => undefined;
      const listener = (data: Uint8Array | undefined): void => {
        waiting.push(data);
        wake();
      };
      const all = listeners.get(subject) ?? new Set();
      listeners.set(subject, all.add(listener));
      async function* messages() {
        for (;;) {
          while (waiting.length === 0) await new Promise<void>((resolve) => (wake = resolve));
          const data = waiting.shift();
          if (!data) return;
          yield { data };
        }
      }
      return Object.assign(messages(), {
        unsubscribe() {
          all.delete(listener);
          listener(undefined);
        },
      });
    },
  };
}

it("asks workers over a broker, and takes silence for straggling", async () => {
  const connection = broker();
  const double = (query: { v: Float32Array }) => ({ v: query.v.map((x) => 2 * x) });
  const stops = [0, 1].map((worker) => serveNats({ connection, run: "a", worker, handler: double }));
  // Another run on the same connection does not hear this one.
  stops.push(serveNats({ connection, run: "b", worker: 2, handler: double }));
  const pool = natsPool<{ v: Float32Array }, { v: Float32Array }>({ connection, run: "a", size: 3 });
  connection.publish("fluxion.a.r", Uint8Array.of(1, 2, 3));
  connection.publish("fluxion.a.r", encodeMessage({ kind: "reply", round: 0, worker: 9, reply: {} }));
  const round = pool.begin([1, 2, 3].map((v) => ({ v: Float32Array.of(v) })));
  const answers = [await round.next(), await round.next()];
  expect(answers.map((a) => [a!.worker, a!.reply.v[0]]).sort()).toEqual([
    [0, 2],
    [1, 4],
  ]);
  expect(await round.next(0.05)).toBeUndefined();
  round.end();
  await pool.release();
  stops.forEach((stop) => stop());
  expect(() => natsPool({ connection, run: "a.b", size: 1 })).toThrow(OptionError);
  expect(() => natsPool({ connection, run: "a", size: 0 })).toThrow(OptionError);
  expect(() => serveNats({ connection, run: "a", worker: -1, handler: double })).toThrow(OptionError);
});
