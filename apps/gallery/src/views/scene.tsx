import type { SceneView } from "fluxion/demo";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { showScene, type SceneStage } from "./scene-stage.js";

/** A scene that can be turned. Code of its own chunk: it brings three.js. */
export function SceneCanvas({ view }: { view: SceneView }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const labels = useRef<HTMLDivElement>(null);
  const stage = useRef<SceneStage>();
  const [renderer, setRenderer] = useState<SceneStage["renderer"]>();
  const hint = useId();

  useEffect(() => {
    const shown = showScene(canvas.current!, labels.current!, view);
    stage.current = shown;
    setRenderer(shown.renderer);
    return () => shown.dispose();
  }, []);
  useEffect(() => stage.current!.update(view), [view]);

  return (
    <>
      <div class="space">
        <canvas
          ref={canvas}
          role="img"
          tabIndex={0}
          aria-label={`${view.title}, in space`}
          aria-describedby={hint}
          data-renderer={renderer}
        />
        <div ref={labels} class="space-labels" aria-hidden="true" />
      </div>
      <p class="quiet axes" id={hint}>
        Drag or use the arrow keys; + and − zoom, 0 puts it back.
        {renderer === "canvas" && " Drawn without WebGL, which this browser does not offer."}
      </p>
    </>
  );
}
