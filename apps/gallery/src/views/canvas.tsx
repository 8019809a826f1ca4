import { useEffect, useRef } from "preact/hooks";

/** A canvas's context with its size in CSS pixels, already scaled for the screen. */
export interface Surface {
  readonly context: CanvasRenderingContext2D;
  readonly width: number;
  readonly height: number;
  /** A colour of the theme, such as "--ink". */
  readonly colour: (name: string) => string;
}

/** Length of one round of a moving picture, milliseconds. */
const round = 4000;

/** A picture that is drawn again when `of` or the theme changes; a moving one in every frame while it is on screen. */
export function Canvas(props: {
  label: string;
  /** Width over height. */
  ratio: number;
  of: unknown;
  moving?: boolean;
  /** @param t in [0, 1), runs in moving pictures, else 1 */
  draw: (surface: Surface, t: number) => void;
}) {
  const { label, ratio, moving = false } = props;
  const element = useRef<HTMLCanvasElement>(null);
  const draw = useRef(props.draw);
  draw.current = props.draw;

  useEffect(() => {
    const canvas = element.current!;
    const paint = (t: number): void => {
      const width = canvas.clientWidth;
      if (width === 0) return;
      const [height, scale] = [width / ratio, Math.min(devicePixelRatio || 1, 2)];
      if (canvas.width !== Math.round(width * scale)) {
        canvas.width = Math.round(width * scale);
        canvas.height = Math.round(height * scale);
      }
      const context = canvas.getContext("2d")!;
      context.setTransform(scale, 0, 0, scale, 0, 0);
      context.clearRect(0, 0, width, height);
      const style = getComputedStyle(canvas);
      draw.current({ context, width, height, colour: (name) => style.getPropertyValue(name).trim() }, t);
    };
    const still = !moving || matchMedia("(prefers-reduced-motion: reduce)").matches;
    let frame = 0;
    const tick = (now: number): void => {
      paint((now % round) / round);
      frame = requestAnimationFrame(tick);
    };
    if (still) paint(1);
    else frame = requestAnimationFrame(tick);
    const again = (): void => (still ? paint(1) : undefined);
    const resized = new ResizeObserver(again);
    resized.observe(canvas);
    addEventListener("themechange", again);
    return () => {
      cancelAnimationFrame(frame);
      resized.disconnect();
      removeEventListener("themechange", again);
    };
  }, [props.of, ratio, moving]);

  return <canvas ref={element} role="img" aria-label={label} style={{ aspectRatio: String(ratio) }} />;
}
