import { OptionError, ShapeError } from "../../core/errors.js";
import type { ArrayData } from "../../data/array-data.js";
import { hostAttention, type AttentionData } from "./attention-data.js";
import {
  checkMarginOptions,
  solvePairs,
  type AttentionMargin,
  type AttentionMarginOptions,
} from "./attention-margin.js";
import { selectedSets, tokenPairs } from "./token-constraints.js";

/** Options of `generalizedMargin`. */
export interface GeneralizedMarginOptions extends AttentionMarginOptions {
  /** A token counts as selected from this probability on, in (0, 1]. Default 1e-3. */
  atLeast?: number;
}

/** The two parts of weights whose attention selects several tokens. */
export interface GeneralizedMargin {
  /** Selected tokens O_i of every sequence. */
  readonly selected: readonly (readonly number[])[];
  /** W_dir: separates selected from other tokens, equal logits within the selected ones. */
  readonly direction: AttentionMargin;
  /** W_fin: gives the selected tokens their ratios of probability. 0 if every sequence selects one token. */
  readonly finite: AttentionMargin;
  /**
   * W_fin + R·W_dir with the R ≥ 0 that comes closest to given weights.
   * @param combined W, [d, d]
   */
  readonly fit: (combined: ArrayData) => { readonly x: ArrayData<Float64Array>; readonly scale: number };
}

/**
 * What weights look like whose attention converges to several tokens of a sequence, as nonlinear heads bring about:
 * W ≈ W_fin + R·W_dir with R → ∞, where, for a and b selected and c not,
 *
 *     W_dir: min ‖W‖, (x_a − x_b)ᵀ W z = 0, (x_a − x_c)ᵀ W z ≥ 1;   W_fin: min ‖W‖, (x_b − x_a)ᵀ W z = log(s_b / s_a).
 *
 * @param probabilities s, [n, T], of the trained layer
 * @throws OptionError, ShapeError
 * @source Tarzanagh, Li, Thrampoulidis, Oymak, arXiv:2308.16898, section on nonlinear heads, (Gen-SVM); deviates: R is
 *   not negative
 */
export async function generalizedMargin(
  data: AttentionData,
  probabilities: ArrayData<Float64Array>,
  options: GeneralizedMarginOptions = {},
): Promise<GeneralizedMargin> {
  const where = "analyse.generalizedMargin";
  const { atLeast = 1e-3, ...how } = options;
  checkMarginOptions(where, how);
  if (!(atLeast > 0 && atLeast <= 1))
    throw new OptionError({ where, want: "atLeast in (0, 1]", got: String(atLeast) });
  const host = await hostAttention(where, data);
  const { n, t } = host;
  const { data: s, shape } = probabilities;
  if (shape.join() !== `${n},${t}`)
    throw new ShapeError({
      where: `${where}: probabilities`,
      want: `[${n}, ${t}]`,
      got: `[${shape.join(", ")}]`,
    });
  const sets = selectedSets(
    where,
    host,
    Array.from({ length: n }, (_, i) =>
      Array.from({ length: t }, (_, token) => token).filter((token) => s[i * t + token]! >= atLeast),
    ),
  );
  const { within, between } = tokenPairs(host, sets);
  const ratios = within.map(({ sequence, over, under }) =>
    Math.log(s[sequence * t + over]! / s[sequence * t + under]!),
  );
  const direction = solvePairs(host, within, between, how);
  const finite = solvePairs(host, within, [], how, ratios);
  return {
    selected: sets,
    direction,
    finite,
    fit(combined) {
      const [dir, fin] = [direction.x.data, finite.x.data];
      if (combined.data.length !== dir.length) {
        const want = `[${direction.x.shape.join(", ")}]`;
        throw new ShapeError({
          where: `${where}: fit`,
          want,
          got: `[${combined.shape.join(", ")}]`,
        });
      }
      let [top, bottom] = [0, 0];
      dir.forEach((v, j) => {
        top += v * (combined.data[j]! - fin[j]!);
        bottom += v * v;
      });
      const scale = bottom === 0 ? 0 : Math.max(0, top / bottom);
      return { x: { data: fin.map((v, j) => v + scale * dir[j]!), shape: [...direction.x.shape] }, scale };
    },
  };
}
