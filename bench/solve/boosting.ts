// Growing a network by boosting against training it as a whole, by the number of its units.
import { loadDataset } from "fluxion/data";
import { fitBoosted, fitSigmoidNetwork } from "fluxion/solve";
import type { ScalingSection } from "./scaling.js";

/** Cost of `fitBoosted` against the number of units, on 569 rows of 30 features. */
export const boosting: ScalingSection = {
  name: "boosting",
  title: "Networks of one hidden layer on 569 rows of 30 features",
  size: "hidden units",
  unit: "multiply-adds",
  sizes: [16, 32, 64, 128],
  series: [
    {
      name: "boosted, two units a step",
      paper: { exponent: 1, says: "one small fit a step" },
      async prepare(units) {
        const { features, labels } = await loadDataset("breast-cancer");
        return async () => {
          const { outcome } = await fitBoosted(features, labels.data, {
            ...{ task: "classification", units, unitsPerStep: 2, learningRate: 0.25 },
          });
          return { work: outcome.work };
        };
      },
    },
    {
      name: "Adam, 100 epochs",
      async prepare(units) {
        const { features, labels } = await loadDataset("breast-cancer");
        return async () =>
          void (await fitSigmoidNetwork(features, labels.data, {
            task: "classification",
            units,
            epochs: 100,
          }));
      },
    },
    {
      name: "L-BFGS, 100 iterations",
      async prepare(units) {
        const { features, labels } = await loadDataset("breast-cancer");
        return async () =>
          void (await fitSigmoidNetwork(features, labels.data, {
            ...{ task: "classification", units, method: "lbfgs", epochs: 100 },
          }));
      },
    },
  ],
};
