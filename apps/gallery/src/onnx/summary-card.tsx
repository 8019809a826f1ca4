import type { OnnxEntry } from "fluxion/onnx";
import { byOperator } from "./layers.js";
import type { OnnxState } from "./use-onnx.js";

const entry = ({ name, type, shape }: OnnxEntry): string => `${name}: ${type} [${shape?.join(", ") ?? "?"}]`;

/** A number of operations as people read it. */
export const shortCount = (n: number): string =>
  n >= 1e9
    ? `${(n / 1e9).toPrecision(3)} G`
    : n >= 1e6
      ? `${(n / 1e6).toPrecision(3)} M`
      : n.toLocaleString("en");

/** Width of a bar, as CSS. */
export const share = (value: number, most: number): { width: string } => ({
  width: `${most > 0 ? (100 * value) / most : 0}%`,
});

/** What a file is made of: its ends, its size, and the work of its operators as bars. */
export function SummaryCard({ opened, arranged }: Pick<OnnxState, "opened" | "arranged">) {
  if (!opened) return null;
  const { producer, opset, inputs, outputs, operators, nodes, weights, bytes } = opened.summary;
  const facts = [
    ["inputs", inputs.map(entry).join("; ")],
    ["outputs", outputs.map(entry).join("; ")],
    ["parameters", `${weights.toLocaleString("en")} numbers, ${(bytes / 1e6).toFixed(2)} MB`],
    ["operators", String(nodes)],
    [
      "work of one run",
      arranged && (arranged.flops === undefined ? "not known" : `${shortCount(arranged.flops)} FLOPs`),
    ],
    ["written by", `${producer || "not named"}, operator set ${opset}`],
  ];
  const list = arranged?.why === undefined && arranged ? byOperator(arranged.costs) : undefined;
  const counted = Object.entries(operators).map(([operator, count]) => ({ operator, count, flops: 0 }));
  const rows = list ?? counted;
  const most = rows[0]?.[list ? "flops" : "count"] ?? 0;
  return (
    <div class="views">
      <figure class="view figures">
        <figcaption>The file</figcaption>
        <dl>
          {facts.map(([key, value]) => (
            <div key={key}>
              <dt>{key}</dt>
              <dd>{value ?? "…"}</dd>
            </div>
          ))}
        </dl>
        {arranged?.why && (
          <p class="quiet">
            It cannot be run with these sizes and values; others may be chosen above. {arranged.why}
          </p>
        )}
      </figure>
      <figure class="view">
        <figcaption>{list ? "Work by operator, FLOPs" : "Operators"}</figcaption>
        <ul class="bars">
          {rows.slice(0, 9).map(({ operator, count, flops }) => (
            <li key={operator} data-operator={operator}>
              <span>
                {operator} × {count}
              </span>
              <span class="track">
                <span style={share(list ? flops : count, most)} />
              </span>
              <span class="number">{list ? shortCount(flops) : count}</span>
            </li>
          ))}
        </ul>
        {rows.length > 9 && <p class="quiet">and {rows.length - 9} more types that work less</p>}
      </figure>
    </div>
  );
}
