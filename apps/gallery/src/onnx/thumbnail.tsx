import { useEffect, useRef } from "preact/hooks";

/** A small image; what it shows is told beside it. @param size of its longer side, CSS pixels */
export function Thumbnail({ bitmap, size }: { bitmap: ImageBitmap; size: number }) {
  const element = useRef<HTMLCanvasElement>(null);
  const scale = size / Math.max(bitmap.width, bitmap.height);
  const [width, height] = [bitmap.width * scale, bitmap.height * scale];
  useEffect(() => {
    const canvas = element.current!;
    const sharp = Math.min(devicePixelRatio || 1, 2);
    [canvas.width, canvas.height] = [Math.round(width * sharp), Math.round(height * sharp)];
    const context = canvas.getContext("2d")!;
    context.imageSmoothingEnabled = scale < 1;
    context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  }, [bitmap, size]);
  return <canvas ref={element} class="thumb" aria-hidden="true" style={{ width, height }} />;
}
