import type { Program } from "./program.js";

/** A bounded cache of programs: each holds a thread pool and an arena, so what is used least lately is released. */
export class ProgramCache {
  readonly #programs = new Map<string, Promise<Program>>();

  constructor(readonly capacity: number) {}

  get size(): number {
    return this.#programs.size;
  }

  /** The program of `key`, built if it is not there. A build that fails is not kept. */
  get(key: string, build: () => Promise<Program>): Promise<Program> {
    let program = this.#programs.get(key);
    if (program) this.#programs.delete(key);
    else {
      program = build();
      program.catch(() => this.#programs.delete(key));
    }
    this.#programs.set(key, program);
    if (this.#programs.size > this.capacity) {
      const [oldest, old] = this.#programs.entries().next().value!;
      this.#programs.delete(oldest);
      // Runs that were started before finish on their own; ONNX Runtime frees the session when they have.
      void old.then((p) => p.release()).catch(() => undefined);
    }
    return program;
  }

  /** Releases everything. */
  async clear(): Promise<void> {
    const all = [...this.#programs.values()];
    this.#programs.clear();
    await Promise.all(all.map(async (p) => (await p).release()));
  }
}
