import { useEffect, useRef, useState } from "preact/hooks";
import { extent, spread, thinned, type Drawing } from "./drawing.js";

const side = 360;
/** Milliseconds from one point of a stroke to the next: slow parts get more. */
const pace = 12;
/** A pen that rests does not pile up points. */
const longest = 80;
/** How far an arrow key moves the pen. */
const stride = 0.1;

interface Pen {
  readonly x: number;
  readonly y: number;
  readonly down: boolean;
}

/** A square to draw in, by pointer or keys. */
export function Pad({ drawing, set }: { drawing: Drawing; set: (drawing: Drawing) => void }) {
  const element = useRef<HTMLCanvasElement>(null);
  const stroke = useRef<{ points: number[]; time: number }>();
  const [pen, setPen] = useState<Pen>();

  const paint = (shown: Drawing): void => {
    const canvas = element.current!;
    const context = canvas.getContext("2d")!;
    const colour = (name: string): string => getComputedStyle(canvas).getPropertyValue(name);
    context.clearRect(0, 0, side, side);
    const pixel = (v: number, sign: number): number => ((1 + (sign * v) / extent) * side) / 2;
    context.fillStyle = colour("--series-1");
    // As many dots whatever the drawing, so that they show its density.
    const dots = shown.length === 0 ? [] : spread(shown, 1400, new Float32Array(2800));
    for (let i = 0; i < dots.length; i += 2) {
      context.fillRect(pixel(dots[i]!, 1) - 1.5, pixel(dots[i + 1]!, -1) - 1.5, 3, 3);
    }
    if (!pen) return;
    context.strokeStyle = colour(pen.down ? "--series-2" : "--quiet");
    context.lineWidth = 2;
    context.beginPath();
    context.arc(pixel(pen.x, 1), pixel(pen.y, -1), 6, 0, 7);
    context.stroke();
  };
  useEffect(() => {
    paint(drawing);
    const again = (): void => paint(drawing);
    addEventListener("themechange", again);
    return () => removeEventListener("themechange", again);
  }, [drawing, pen]);

  const withStroke = (points: readonly number[]): Drawing => [...drawing, { joined: true, points }];
  const extend = (event: PointerEvent): void => {
    const now = stroke.current;
    if (!now) return;
    const box = element.current!.getBoundingClientRect();
    const clamp = (v: number): number => extent * Math.min(1, Math.max(-1, v));
    const x = clamp((2 * (event.clientX - box.left)) / box.width - 1);
    const y = clamp(1 - (2 * (event.clientY - box.top)) / box.height);
    const [x0, y0] = now.points.slice(-2) as [number, number] | [];
    if (x0 === undefined || y0 === undefined) now.points.push(x, y);
    else {
      const n = Math.max(1, Math.round(Math.min(longest, event.timeStamp - now.time) / pace));
      for (let i = 1; i <= n; i++) now.points.push(x0 + ((x - x0) * i) / n, y0 + ((y - y0) * i) / n);
    }
    now.time = event.timeStamp;
    paint(withStroke(now.points));
  };
  const end = (): void => {
    if (stroke.current) set(thinned(withStroke(stroke.current.points)));
    stroke.current = undefined;
  };
  const press = (event: KeyboardEvent): void => {
    const moves: Record<string, readonly [number, number]> = {
      ...{ ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] },
    };
    const from = pen ?? { x: 0, y: 0, down: false };
    const move = moves[event.key];
    if (move) {
      const clamp = (v: number): number => Math.min(extent, Math.max(-extent, v));
      const [x, y] = [clamp(from.x + stride * move[0]), clamp(from.y + stride * move[1])];
      if (from.down) {
        const last = drawing.at(-1)!;
        set(thinned([...drawing.slice(0, -1), { joined: true, points: [...last.points, x, y] }]));
      }
      setPen({ x, y, down: from.down });
    } else if (event.key === " " || event.key === "Enter") {
      if (!from.down) set(withStroke([from.x, from.y]));
      setPen({ ...from, down: !from.down });
    } else return;
    event.preventDefault();
  };
  return (
    <figure class="view points">
      <figcaption>Draw here</figcaption>
      <canvas
        ref={element}
        class="pad"
        width={side}
        height={side}
        role="application"
        tabIndex={0}
        aria-label="Drawing pad"
        aria-describedby="pad-help"
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          setPen(undefined);
          stroke.current = { points: [], time: event.timeStamp };
          extend(event);
        }}
        onPointerMove={extend}
        onPointerUp={end}
        onPointerCancel={end}
        onKeyDown={press}
        onBlur={() => setPen(undefined)}
      />
      <p id="pad-help" class="quiet">
        Slow strokes get more points. Keys: arrows move the pen, space lowers and lifts it.
      </p>
    </figure>
  );
}
