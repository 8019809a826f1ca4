import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { createInterface } from "node:readline";

type Answer = { ready?: string; parameters?: number; times?: number[]; error?: string };

/**
 * A library in a process of its own, asked over JSON lines: `{ build: case }` is answered by `{ parameters }`,
 * `{ run: steps }` by `{ times }`, anything by `{ error }`. A process that does not answer in time is ended, and
 * started afresh for the next case.
 */
export class Peer {
  /** Library and version, once it has answered. */
  title: string | undefined;
  #child: ChildProcessWithoutNullStreams | undefined;
  #lines: AsyncIterator<string> | undefined;
  #complaints = "";

  constructor(
    readonly name: string,
    /** Program and arguments. */
    readonly command: readonly string[],
    /** Seconds to wait for one answer. */
    readonly cap: number,
  ) {}

  /** Builds what is to be run; gives the number of parameters. */
  async build(what: object): Promise<number> {
    if (!this.#child) await this.#start();
    return (await this.#ask({ build: what })).parameters!;
  }

  /** Runs training steps; gives the milliseconds of each. */
  async run(steps: number): Promise<number[]> {
    return (await this.#ask({ run: steps })).times!;
  }

  close(): void {
    this.#child?.kill("SIGKILL");
    this.#child = undefined;
  }

  async #start(): Promise<void> {
    const [command, ...args] = this.command;
    const child = spawn(command!, args, { cwd: import.meta.dirname });
    this.#child = child;
    this.#complaints = "";
    child.on("error", (error) => (this.#complaints += error.message));
    child.stdin.on("error", () => undefined);
    child.stderr.on("data", (text: Buffer) => (this.#complaints += text.toString()));
    this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    this.title = (await this.#answer()).ready!;
  }

  #ask(question: object): Promise<Answer> {
    if (!this.#child) throw new Error(`${this.name} is not running`);
    this.#child.stdin.write(`${JSON.stringify(question)}\n`);
    return this.#answer();
  }

  async #answer(): Promise<Answer> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<"late">((resolve) => {
      timer = setTimeout(() => resolve("late"), this.cap * 1000);
    });
    for (;;) {
      const next = await Promise.race([this.#lines!.next(), late]);
      if (next === "late" || next.done) {
        clearTimeout(timer);
        this.close();
        if (next === "late") throw new Error(`> ${this.cap} s`);
        throw new Error(this.#complaints.trim().split("\n").at(-1) ?? "ended");
      }
      // Libraries greet on the standard output, too.
      if (!next.value.startsWith("{")) continue;
      clearTimeout(timer);
      const answer = JSON.parse(next.value) as Answer;
      if (answer.error !== undefined) throw new Error(answer.error);
      return answer;
    }
  }
}
