// What is measured for arXiv 2412.00100 and the bars it has to pass; README.md says why these.
import { atLeast, atMost, type Check, type Claim, type Figures, type Tier } from "fluxion/claims";
import { alignmentTimes, restoreFigures, type RestoreBudget } from "./restore.js";

const budgets: Readonly<Record<Tier, RestoreBudget>> = {
  quick: { flows: { first: 1000, second: 0, pairs: 0 }, steps: 50, n: 50 },
  full: { flows: { first: 1500, second: 1000, pairs: 6000 }, steps: 100, n: 200 },
};
const titles = { first: "flow", second: "rectified flow" } as const;

/** The better of FreeDoM's two step sizes. */
const freeDom = (f: Figures, task: string, flow: string): number =>
  Math.max(f[`${task}_freeDom_${flow}`]!, f[`${task}_freeDomFar_${flow}`]!);

/** The claim of FlowChef at small scale. */
export const claim: Claim = {
  id: "flowchef",
  statement:
    "Steering by the gradient at the predicted image, without going back through the network, restores images at a third of the operations of the exact gradient and little below its quality; the straighter the flow, the closer the two gradients.",
  seeds: { quick: [0], full: [11, 12, 13] },
  run: (context) => restoreFigures(context, budgets[context.tier]),

  checks(figures, tier) {
    const flows = tier === "quick" ? (["first"] as const) : (["first", "second"] as const);
    const gap = (of: (f: Figures) => number, than: (f: Figures) => number): number[] =>
      figures.map((f) => of(f) - than(f));
    const restored = flows.flatMap((flow): Check[] => {
      const chef = (f: Figures): number => f[`inpaint_flowChef_${flow}`]!;
      return [
        atLeast(
          `inpainting, FlowChef − degraded, dB, ${titles[flow]}`,
          gap(chef, (f) => f["inpaint_degraded"]!),
          1.5,
        ),
        atLeast(
          `inpainting, FlowChef − unguided, dB, ${titles[flow]}`,
          gap(chef, (f) => f[`inpaint_unguided_${flow}`]!),
          8,
        ),
        atLeast(
          `inpainting, FlowChef − exact gradient, dB, ${titles[flow]}`,
          gap(chef, (f) => freeDom(f, "inpaint", flow)),
          -2.5,
        ),
        atMost(
          `inpainting, what is left of the misfit, ${titles[flow]}`,
          figures.map((f) => f[`inpaint_misfit_${flow}`]!),
          0.01,
        ),
        atLeast(
          `cosine of the two gradients, least rise between times, ${titles[flow]}`,
          figures.flatMap((f) =>
            alignmentTimes
              .slice(1)
              .map((t, i) => f[`cosine_${flow}_${t}`]! - f[`cosine_${flow}_${alignmentTimes[i]}`]!),
          ),
          0,
        ),
        atLeast(
          `cosine of the two gradients at t = 0.95, ${titles[flow]}`,
          figures.map((f) => f[`cosine_${flow}_0.95`]!),
          0.99,
        ),
      ];
    });
    const cost = atMost(
      "operations, FlowChef / exact gradient",
      figures.flatMap((f) => [f["inpaint_operations"]!, f["enlarge_operations"]!]),
      0.6,
    );
    if (tier === "quick") return [...restored, cost];
    return [
      ...restored,
      cost,
      atLeast(
        "inpainting, FlowChef − PnP-Flow, dB, rectified flow",
        gap(
          (f) => f["inpaint_flowChef_second"]!,
          (f) => f["inpaint_pnpFlow_second"]!,
        ),
        1,
      ),
      atLeast(
        "cosine at t = 0.05, rectified flow − flow",
        gap(
          (f) => f["cosine_second_0.05"]!,
          (f) => f["cosine_first_0.05"]!,
        ),
        0.2,
      ),
    ];
  },

  reported(figures, tier) {
    if (tier === "quick") return [];
    return ["inpaint", "enlarge"].map((task) =>
      atLeast(
        `${task}: FlowChef − best of exact gradient and PnP-Flow, dB, rectified flow`,
        figures.map(
          (f) =>
            f[`${task}_flowChef_second`]! -
            Math.max(freeDom(f, task, "second"), f[`${task}_pnpFlow_second`]!),
        ),
        0,
      ),
    );
  },
};
