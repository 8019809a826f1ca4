import { expect, it } from "vitest";
import { inTurns } from "./turns.js";

it("works only in its turns, up to each pause", async () => {
  const seen: number[] = [];
  const turns = inTurns(async (pause) => {
    for (let i = 0; i < 3; i++) {
      seen.push(i);
      await pause();
    }
    seen.push(9);
  });
  expect(seen).toEqual([]);
  expect(await turns.next()).toBe("running");
  expect(seen).toEqual([0]);
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect(seen).toEqual([0]);
  expect([await turns.next(), await turns.next()]).toEqual(["running", "running"]);
  expect(await turns.next()).toBe("done");
  expect(seen).toEqual([0, 1, 2, 9]);
  expect(await turns.next()).toBe("done");
});

it("passes on what the work throws", async () => {
  const turns = inTurns(async (pause) => {
    await pause();
    throw new Error("no more");
  });
  expect(await turns.next()).toBe("running");
  await expect(turns.next()).rejects.toThrow("no more");
});
