import type { Tensor } from "../../core/tensor.js";
import * as library from "../../index.js";

/** A tensor of a random program, with the name it has in the program's text. */
export interface Value {
  readonly t: Tensor;
  readonly name: string;
  /** No element is larger in absolute value, as far as the program's construction tells. */
  readonly bound: number;
}

/** A function handed to a transform. */
export interface Lambda {
  readonly params: readonly string[];
  readonly body: (...params: Value[]) => Arg;
}

export type Arg =
  Value | Lambda | number | string | boolean | null | readonly Arg[] | { readonly [key: string]: Arg };

/** What the library is called with, and its text, complete once a function among it was traced. */
interface Lowered {
  readonly value: unknown;
  readonly text: () => string;
}

const functions = library as unknown as Record<string, (...args: unknown[]) => unknown>;
const has = <K extends string>(arg: Arg, key: K): arg is Arg & Record<K, unknown> =>
  typeof arg === "object" && arg !== null && key in arg;

/** Calls the library and writes the calls down: what ran is what is printed. */
export class Recorder {
  #lines: string[] = [];
  #next = 0;

  /** The program's text so far. */
  get lines(): readonly string[] {
    return this.#lines;
  }

  /** Calls a public function that gives one Tensor. */
  call(name: string, args: readonly Arg[], bound: number): Value {
    const parts = args.map((a) => this.#lower(a));
    const t = functions[name]!(...parts.map((p) => p.value)) as Tensor;
    return this.#define(t, `${name}(${show(parts)})`, bound);
  }

  /** Calls a public function that gives a list of Tensors. */
  callMany(name: string, args: readonly Arg[], bounds: readonly number[]): Value[] {
    const parts = args.map((a) => this.#lower(a));
    const list = functions[name]!(...parts.map((p) => p.value)) as Tensor[];
    const names = bounds.map(() => this.#fresh("v"));
    this.#lines.push(`const [${names.join(", ")}] = ${name}(${show(parts)});`);
    return bounds.map((bound, i) => ({ t: list[i]!, name: names[i]!, bound }));
  }

  /** Calls a transform and then the function it gives: `grad(f)(x)`. */
  transform(name: string, made: readonly Arg[], args: readonly Arg[], bound: number): Value {
    const [first, second] = [made, args].map((list) => list.map((a) => this.#lower(a)));
    const f = functions[name]!(...first!.map((p) => p.value)) as (...a: unknown[]) => Tensor;
    const t = f(...second!.map((p) => p.value));
    return this.#define(t, `${name}(${show(first!)})(${show(second!)})`, bound);
  }

  #fresh(prefix: string): string {
    return `${prefix}${this.#next++}`;
  }

  #define(t: Tensor, text: string, bound: number): Value {
    const name = this.#fresh("v");
    this.#lines.push(`const ${name} = ${text}; // ${t.dtype} [${t.shape.join(", ")}]`);
    return { t, name, bound };
  }

  #lower(arg: Arg): Lowered {
    if (has(arg, "t")) return { value: (arg as Value).t, text: () => (arg as Value).name };
    if (has(arg, "body")) return this.#lambda(arg as Lambda);
    if (Array.isArray(arg)) {
      const parts = (arg as readonly Arg[]).map((a) => this.#lower(a));
      return { value: parts.map((p) => p.value), text: () => `[${show(parts)}]` };
    }
    if (typeof arg === "object" && arg !== null) {
      const entries = Object.entries(arg as Record<string, Arg>).map(
        ([k, a]) => [k, this.#lower(a)] as const,
      );
      return {
        value: Object.fromEntries(entries.map(([k, p]) => [k, p.value])),
        text: () => `{ ${entries.map(([k, p]) => `${k}: ${p.text()}`).join(", ")} }`,
      };
    }
    return { value: arg, text: () => JSON.stringify(arg) };
  }

  #lambda({ params, body }: Lambda): Lowered {
    let text = "";
    const names = params.map((p) => this.#fresh(p));
    const value = (...tensors: Tensor[]): unknown => {
      const outer = this.#lines;
      this.#lines = [];
      const out = this.#lower(body(...tensors.map((t, i) => ({ t, name: names[i]!, bound: 3 }))));
      const lines = [...this.#lines, `return ${out.text()};`].map(
        (line) => `  ${line.replaceAll("\n", "\n  ")}`,
      );
      text = `(${names.join(", ")}) => {\n${lines.join("\n")}\n}`;
      this.#lines = outer;
      return out.value;
    };
    return { value, text: () => text };
  }
}

const show = (parts: readonly Lowered[]): string => parts.map((p) => p.text()).join(", ");
