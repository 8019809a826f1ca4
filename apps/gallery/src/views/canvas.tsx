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

/** Calls back when the page's theme or the system's changes. @returns ends it */
export function onThemeChange(callback: () => void): () => void {
  const system = matchMedia("(prefers-color-scheme: dark)");
  addEventListener("themechange", callback);
  system.addEventListener("change", callback);
  return () => {
    removeEventListener("themechange", callback);
    system.removeEventListener("change", callback);
  };
}

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
      if (canvas.width !== Math.round(width * scale) || canvas.height !== Math.round(height * scale)) {
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
    // A moving picture rests while nobody can see it.
    const seen = new IntersectionObserver(([entry]) => {
      cancelAnimationFrame(frame);
      if (entry?.isIntersecting) frame = requestAnimationFrame(tick);
    });
    if (still) paint(1);
    else seen.observe(canvas);
    const again = (): void => (still ? paint(1) : undefined);
    const resized = new ResizeObserver(again);
    resized.observe(canvas);
    const unsubscribe = onThemeChange(again);
    return () => {
      cancelAnimationFrame(frame);
      seen.disconnect();
      resized.disconnect();
      unsubscribe();
    };
  }, [props.of, ratio, moving]);

  return <canvas ref={element} role="img" aria-label={label} style={{ aspectRatio: String(ratio) }} />;
}
