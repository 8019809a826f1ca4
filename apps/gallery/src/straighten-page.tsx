import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { Progress } from "./progress.js";
import { useDemo } from "./use-demo.js";
import { ViewCard } from "./views/view-card.js";

const side = 320;
const extent = 2;
const most = 4000;

/** A playground: draw points or drop a picture, and train a flow to them. */
export function StraightenPage() {
  const [drawn, setDrawn] = useState<Float32Array>(() => spiral());
  const [steps, setSteps] = useState(600);
  const [problem, setProblem] = useState("");
  const state = useMemo(() => ({ steps }), [steps]);
  const handle = useDemo("straighten", state, "auto", drawn);
  const { phase, seen } = handle;
  const running = seen?.status === "running" || phase === "loading" || phase === "building";
  useEffect(() => {
    document.title = "Straighten your own · Fluxion gallery";
  }, []);

  const take = async (file: File | undefined): Promise<void> => {
    if (!file) return;
    try {
      setDrawn(await pointsOfPicture(file));
      setProblem("");
    } catch (error) {
      setProblem(error instanceof Error ? error.message : "This file could not be read.");
    }
  };
  return (
    <article>
      <h1>Straighten your own</h1>
      <p class="lead">
        Draw where the points shall go, or drop a picture, whose dark parts are taken. A network learns to
        carry noise there; reflow trains it again on its own pairs, and one step does what forty did.
      </p>
      <section
        class="stage"
        aria-label="Playground"
        onDragOver={(event) => event.preventDefault()}
        onDrop={(event) => {
          event.preventDefault();
          void take(event.dataTransfer?.files[0]);
        }}
      >
        <div class="views">
          <Pad drawn={drawn} set={setDrawn} />
          <div>
            <div class="buttons">
              <button onClick={() => setDrawn(new Float32Array())}>Clear</button>
              <button onClick={() => setDrawn(spiral())}>Spiral</button>
            </div>
            <div class="controls">
              <label>
                A picture
                <input
                  type="file"
                  accept="image/*"
                  onChange={(event) => void take(event.currentTarget.files?.[0])}
                />
              </label>
              <label>
                <span>
                  Steps of each training <output>{steps}</output>
                </span>
                <input
                  type="range"
                  name="steps"
                  min={100}
                  max={3000}
                  step={100}
                  value={steps}
                  onInput={(event) => setSteps(Number(event.currentTarget.value))}
                />
              </label>
            </div>
            {problem && <p role="alert">{problem}</p>}
            <p class="quiet">{drawn.length / 2} points</p>
            <div class="buttons">
              {running ? (
                <button class="main" disabled={phase !== "ready"} onClick={handle.pause}>
                  Pause
                </button>
              ) : (
                <button
                  class="main"
                  disabled={drawn.length === 0 || seen?.status === "done"}
                  onClick={() => handle.run()}
                >
                  {seen && seen.steps > 0 ? "Continue" : "Train and straighten"}
                </button>
              )}
              <button disabled={phase === "idle"} onClick={handle.reset}>
                Reset
              </button>
              <button disabled={!seen || running} onClick={() => handle.download("straightened.onnx")}>
                Download ONNX
              </button>
            </div>
            <Progress handle={handle} retryOnWasm={handle.reset} />
          </div>
        </div>
        <div class="views" data-steps={seen?.steps ?? 0} data-status={seen?.status ?? phase}>
          {seen?.views.map((view, i) => (
            <ViewCard key={`${i}-${view.kind}`} view={view} />
          ))}
        </div>
      </section>
    </article>
  );
}

/** A square to draw in. */
function Pad({ drawn, set }: { drawn: Float32Array; set: (points: Float32Array) => void }) {
  const element = useRef<HTMLCanvasElement>(null);
  const stroke = useRef<number[]>();
  const paint = (points: ArrayLike<number>): void => {
    const context = element.current!.getContext("2d")!;
    context.clearRect(0, 0, side, side);
    context.fillStyle = getComputedStyle(element.current!).getPropertyValue("--series-1");
    for (let i = 0; i < points.length; i += 2) {
      const [x, y] = [points[i]! / extent, points[i + 1]! / extent];
      context.fillRect(((1 + x) * side) / 2 - 1.5, ((1 - y) * side) / 2 - 1.5, 3, 3);
    }
  };
  useEffect(() => paint(drawn), [drawn]);
  const add = (event: PointerEvent): void => {
    if (!stroke.current) return;
    const box = element.current!.getBoundingClientRect();
    const x = (2 * (event.clientX - box.left)) / box.width - 1;
    const y = 1 - (2 * (event.clientY - box.top)) / box.height;
    if (Math.abs(x) <= 1 && Math.abs(y) <= 1 && stroke.current.length < 2 * most) {
      stroke.current.push(extent * x, extent * y);
      paint(stroke.current);
    }
  };
  const end = (): void => {
    if (stroke.current) set(Float32Array.from(stroke.current));
    stroke.current = undefined;
  };
  return (
    <figure class="view points">
      <figcaption>Draw here</figcaption>
      <canvas
        ref={element}
        class="pad"
        width={side}
        height={side}
        role="img"
        aria-label="Where the points shall go; a picture can be chosen instead"
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          stroke.current = [...drawn];
          add(event);
        }}
        onPointerMove={add}
        onPointerUp={end}
        onPointerCancel={end}
      />
    </figure>
  );
}

/** Something to begin with. */
function spiral(): Float32Array {
  const points = Array.from({ length: 300 }, (_, i) => {
    const angle = 0.6 + (i / 300) * 9;
    return [0.19 * angle * Math.cos(angle), 0.19 * angle * Math.sin(angle)];
  });
  return Float32Array.from(points.flat());
}

/** The dark parts of a picture as points. @throws Error if there are none, or it is no picture */
async function pointsOfPicture(file: Blob): Promise<Float32Array> {
  const picture = await createImageBitmap(file).catch(() => {
    throw new Error("This is not a picture that the browser can read.");
  });
  const scale = 96 / Math.max(picture.width, picture.height);
  const [w, h] = [
    Math.max(1, Math.round(picture.width * scale)),
    Math.max(1, Math.round(picture.height * scale)),
  ];
  const context = new OffscreenCanvas(w, h).getContext("2d")!;
  context.fillStyle = "white";
  context.fillRect(0, 0, w, h);
  context.drawImage(picture, 0, 0, w, h);
  const { data } = context.getImageData(0, 0, w, h);
  const dark: number[] = [];
  for (let i = 0; i < w * h; i++) {
    const light = 0.3 * data[4 * i]! + 0.59 * data[4 * i + 1]! + 0.11 * data[4 * i + 2]!;
    if (light < 110)
      dark.push(
        ((2 * ((i % w) + 0.5) - w) / 96) * extent,
        ((h - 2 * (Math.floor(i / w) + 0.5)) / 96) * extent,
      );
  }
  if (dark.length === 0) throw new Error("This picture has no dark parts.");
  const stride = Math.ceil(dark.length / 2 / most);
  return Float32Array.from(dark.filter((_, i) => (i >> 1) % stride === 0));
}
