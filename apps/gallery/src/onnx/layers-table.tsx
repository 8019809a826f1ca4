import { brief } from "../views/numbers.js";
import { elements, type Layer } from "./layers.js";
import { share, shortCount } from "./summary-card.js";

/** Norms this much smaller than the largest have no bar. */
const decades = 5;

/** Layers and their parameters: work, size, gradient, and whether they are tuned. */
export function LayersTable(props: {
  layers: readonly Layer[];
  norms: Readonly<Record<string, number>> | undefined;
  chosen: ReadonlySet<string>;
  choose: (paths: readonly string[], on: boolean) => void;
}) {
  const { layers, norms = {}, chosen, choose } = props;
  const most = Math.max(0, ...layers.map((layer) => layer.flops));
  const largest = Math.max(1, ...layers.flatMap(({ params }) => params.map(elements)));
  const steepest = Math.max(0, ...Object.values(norms).filter(Number.isFinite));
  const height = (norm: number): number => Math.max(0, 1 + Math.log10(norm / steepest) / decades);
  return (
    <div class="wide tall" tabIndex={0} role="region" aria-label="Layers and parameters">
      <table class="layers">
        <caption>Layers in the order of computation; what is ticked is tuned</caption>
        <thead>
          <tr>
            <th scope="col">layer</th>
            <th scope="col">shape</th>
            <th scope="col">work or size</th>
            <th scope="col">norm of the gradient (logarithmic)</th>
          </tr>
        </thead>
        {layers.map(({ name, operators, flops, params }) => (
          <tbody key={name}>
            <tr class="layer">
              <th scope="rowgroup">{name}</th>
              <td class="quiet">{operators.join(", ")}</td>
              <td class="number">
                {operators.length > 0 && (
                  <>
                    <span class="track">
                      <span style={share(flops, most)} />
                    </span>
                    {shortCount(flops)} FLOPs
                  </>
                )}
              </td>
              <td />
            </tr>
            {params.map((param) => {
              const { path, shape } = param;
              const norm = norms[path];
              return (
                <tr key={path}>
                  <th scope="row">
                    <label>
                      <input
                        type="checkbox"
                        checked={chosen.has(path)}
                        onChange={(event) => choose([path], event.currentTarget.checked)}
                      />{" "}
                      {path}
                    </label>
                  </th>
                  <td class="number">[{shape.join(", ")}]</td>
                  <td class="number">
                    <span class="track second">
                      <span style={share(elements(param), largest)} />
                    </span>
                    {elements(param).toLocaleString("en")} numbers
                  </td>
                  <td class="number" data-gradient={norm}>
                    {norm !== undefined && (
                      <>
                        <span class="track third">
                          <span style={share(height(norm), 1)} />
                        </span>
                        {brief(norm)}
                      </>
                    )}
                  </td>
                </tr>
              );
            })}
          </tbody>
        ))}
      </table>
    </div>
  );
}
