import { machine } from "../machine.js";
import { names, optionsOf, positive, saveResult, type Suite } from "../suite.js";
import { engine, sectionNames } from "./engine.js";
import { peerNames, peerOf } from "./peers/names.js";
import { report } from "./report.js";

/** Training steps and sampling against peers and against the limit. */
export const engineSuite: Suite = {
  usage: `npm run bench -- engine [options]

  --only names   comma-separated, of: ${sectionNames.join(" ")}
  --reps N       rounds, in each of which everybody runs for 0.4 s (default 7)
  --peers names  comma-separated, of: ${peerNames.join(" ")}; or none (default: all)
  --cap seconds  longest wait for one answer of a peer (default 240)
  --json         the figures as JSON instead of tables
  --save         also into bench/results/engine.json

Run it alone on the machine. bench/README.md says how to read it.`,

  async run(args) {
    const values = optionsOf(args, {
      only: { type: "string" },
      reps: { type: "string", default: "7" },
      peers: { type: "string" },
      cap: { type: "string", default: "240" },
      json: { type: "boolean", default: false },
      save: { type: "boolean", default: false },
    });
    const only = names("only", values.only, sectionNames);
    const reps = positive("reps", values.reps);
    const cap = positive("cap", values.cap);
    const chosen = values.peers === "none" ? [] : names("peers", values.peers, peerNames);
    const peers = chosen.map((name) => peerOf(name, cap));
    const where = machine();
    try {
      const results = await engine({ only, reps, peers, progress: (what) => console.error(`... ${what}`) });
      const all = { ...where, peers: peers.flatMap((p) => p.title ?? []), ...results };
      if (values.save) saveResult("engine.json", `${JSON.stringify(all, undefined, 2)}\n`);
      if (values.json) {
        console.log(JSON.stringify(all, undefined, 2));
        return;
      }
      const about = [
        ...[`${all.cpu}, ${all.cores} cores`, `Node ${all.node}`, `ONNX Runtime ${all.onnxruntime}`],
        ...all.peers,
      ];
      console.log(about.join(" · "));
      console.log(`Medians over the steps of ${reps} rounds; a ratio is the other's time to ours.\n`);
      console.log(report(results));
    } finally {
      for (const peer of peers) peer.close();
    }
  },
};
