import type { CheckLine, PaperPage } from "../content/types.js";

type Claim = NonNullable<PaperPage["claim"]>;
const short = (value: number | null): string =>
  value === null ? "not finite" : String(Number(value.toPrecision(3)));

/** What the last full run measured: each check with its seeds, bar and verdict. */
export function ClaimSection({ id, claim }: { id: string; claim: Claim }) {
  const passed = claim.checks.filter((c) => c.passed).length;
  return (
    <>
      <p>{claim.statement}</p>
      <p>
        <strong class={claim.passed ? "verdict good" : "verdict bad"}>
          {claim.passed ? "Reproduced" : "Not reproduced"}
        </strong>{" "}
        ({passed} of {claim.checks.length} checks) on {claim.date}: seeds {claim.seeds.join(", ")},{" "}
        {Math.round(claim.seconds)} seconds, ONNX Runtime {claim.runtime}, commit {claim.commit}. Again with{" "}
        <code>npx fluxion reproduce {id} --tier full</code>.
      </p>
      <Checks list={claim.checks} yes="passed" no="failed" caption="Checks" />
      {claim.reported.length > 0 && (
        <Checks
          list={claim.reported}
          yes="holds"
          no="does not hold"
          caption="Reported only: what the paper says, too, but a run of this size is not expected to show"
        />
      )}
    </>
  );
}

function Checks(props: { list: readonly CheckLine[]; yes: string; no: string; caption: string }) {
  return (
    <div class="wide" tabIndex={0} role="region" aria-label={props.caption}>
      <table class="checks">
        <caption>{props.caption}. Dots are seeds, the line is the bar, the shaded side passes.</caption>
        <thead>
          <tr>
            <th scope="col">what</th>
            <th scope="col">seeds and bar</th>
            <th scope="col">value</th>
            <th scope="col">bar</th>
            <th scope="col">verdict</th>
          </tr>
        </thead>
        <tbody>
          {props.list.map((check) => (
            <tr key={check.name}>
              <th scope="row">{check.name}</th>
              <td>
                <Strip check={check} />
              </td>
              <td class="number">{short(check.value)}</td>
              <td class="number">
                {check.sense} {short(check.bar)}
              </td>
              <td class={check.passed ? "good" : "bad"}>{check.passed ? props.yes : props.no}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Values on a line with the bar. */
function Strip({ check: { seeds, value, bar, sense, passed } }: { check: CheckLine }) {
  const own = seeds.filter((v) => v !== null);
  const dots = own.length > 0 ? own : value === null ? [] : [value];
  const all = [...dots, bar];
  const logarithmic = all.every((v) => v > 0) && Math.max(...all) > 20 * Math.min(...all);
  const scale = logarithmic ? Math.log : (v: number) => v;
  const [low, high] = [Math.min(...all.map(scale)), Math.max(...all.map(scale))];
  const room = (high - low || Math.abs(high) || 1) * 0.15;
  const place = (v: number): number => (160 * (scale(v) - low + room)) / (high - low + 2 * room);
  const at = place(bar);
  return (
    <svg class="strip" viewBox="0 0 160 18" width="160" height="18" aria-hidden="true">
      <rect
        class="side"
        y="2"
        height="14"
        x={sense === "at most" ? 0 : at}
        width={sense === "at most" ? at : 160 - at}
      />
      <path class="bar" d={`M${at} 0 V18`} />
      {dots.map((v, i) => (
        <circle key={i} class={passed ? "good" : "bad"} cx={place(v)} cy="9" r="3.5" />
      ))}
    </svg>
  );
}
