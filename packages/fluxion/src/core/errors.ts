/** What an error says about itself; every field reaches the message. */
export interface ErrorDetail {
  /** The public function or the file that refused, e.g. `ops.matmul` or `data/t10k.idx`. */
  where: string;
  /** What was expected. */
  want?: string | undefined;
  /** What arrived instead. */
  got?: string | undefined;
  /** How to put it right. */
  hint?: string | undefined;
  cause?: unknown;
}

/** Base of every error that Fluxion throws: `where: want …, got …; hint`. */
export class FluxionError extends Error {
  readonly code: string = "FLUXION";
  readonly where: string;
  readonly want: string | undefined;
  readonly got: string | undefined;
  readonly hint: string | undefined;

  constructor(detail: ErrorDetail) {
    const facts = [
      detail.want === undefined ? undefined : `want ${detail.want}`,
      detail.got === undefined ? undefined : `got ${detail.got}`,
    ].filter((part) => part !== undefined);
    const body = [facts.join(", "), detail.hint].filter(Boolean).join("; ");
    super(`${detail.where}: ${body}`, detail.cause === undefined ? undefined : { cause: detail.cause });
    this.name = new.target.name;
    this.where = detail.where;
    this.want = detail.want;
    this.got = detail.got;
    this.hint = detail.hint;
  }
}

/** Shapes that do not fit together or fit the operator. */
export class ShapeError extends FluxionError {
  override readonly code = "SHAPE";
}

/** A dtype that an operator or a device cannot take. */
export class DtypeError extends FluxionError {
  override readonly code = "DTYPE";
}

/** An unknown option key or an option value out of range. */
export class OptionError extends FluxionError {
  override readonly code = "OPTION";
}

/** Two trees whose keys, lengths or leaves differ; `where` ends with the path. */
export class TreeError extends FluxionError {
  override readonly code = "TREE";
}

/** A device that is unknown or not available here. */
export class DeviceError extends FluxionError {
  override readonly code = "DEVICE";
}

/** A gradient that does not exist, asked for anyway. */
export class GradientError extends FluxionError {
  override readonly code = "GRADIENT";
}

/** A graph that cannot be compiled or run. */
export class CompileError extends FluxionError {
  override readonly code = "COMPILE";
}

/** A file or byte stream that is not what it claims to be; `where` names it, with offset or line. */
export class FormatError extends FluxionError {
  override readonly code = "FORMAT";
}

/**
 * Throws if `options` holds a key that is not in `known`.
 * @throws OptionError naming the key and the known ones
 */
export function checkOptions(where: string, options: object | undefined, known: readonly string[]): void {
  for (const key of Object.keys(options ?? {})) {
    if (!known.includes(key)) {
      throw new OptionError({ where, want: `one of ${known.join(", ")}`, got: `option "${key}"` });
    }
  }
}
