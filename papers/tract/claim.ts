// What is measured for "TrAct" (arXiv 2410.23970) and the bars it has to pass; README.md says why these.
import { atLeast, atMost, type Check, type Claim } from "fluxion/claims";
import { courses } from "./networks.js";

/** The claim of TrAct at small scale. */
export const claim: Claim = {
  id: "tract",
  statement:
    "With the first layer's gradient replaced by one that moves the layer's outputs along their own gradient, a network reaches the same training loss in two thirds of the epochs, at the baseline's learning rate.",
  seeds: { quick: [0], full: [0, 1, 2] },
  run: courses,

  checks(figures, tier) {
    const mean = (name: string): number => figures.reduce((sum, f) => sum + f[name]!, 0) / figures.length;
    const ratio = (a: string, b: string): number => mean(a) / mean(b);
    const gain = (what: string, network: string): number =>
      mean(`${what}, ${network} TrAct 0.1`) - mean(`${what}, ${network} vanilla`);
    const common: Check[] = [
      atMost(
        "conv: last training loss, TrAct / vanilla",
        ratio("loss, conv TrAct 0.1", "loss, conv vanilla"),
        0.9,
      ),
      atLeast(
        "MLP: test accuracy after one epoch, TrAct − vanilla",
        gain("accuracy after one epoch", "mlp"),
        0.03,
      ),
    ];
    if (tier === "quick") return common;
    return [
      ...common,
      atMost(
        "MLP: last training loss, TrAct / vanilla",
        ratio("loss, mlp TrAct 0.1", "loss, mlp vanilla"),
        0.65,
      ),
      atMost(
        "conv: training loss, TrAct after 4 epochs / vanilla after 6",
        ratio("loss two epochs before, conv TrAct 0.1", "loss, conv vanilla"),
        1.1,
      ),
      atLeast("conv: test accuracy, TrAct − vanilla", gain("accuracy", "conv"), -0.002),
    ];
  },

  reported(figures, tier) {
    if (tier === "quick") return [];
    const mean = (name: string): number => figures.reduce((sum, f) => sum + f[name]!, 0) / figures.length;
    return [
      atLeast(
        "MLP: test accuracy, TrAct − vanilla (it overfits 6000 images)",
        mean("accuracy, mlp TrAct 0.1") - mean("accuracy, mlp vanilla"),
        0,
      ),
    ];
  },
};
