import { render } from "preact";
import { useEffect, useErrorBoundary, useRef } from "preact/hooks";
import { IndexPage } from "./index-page.js";
import { lazily } from "./lazily.js";
import { useOffline } from "./offline/use-offline.js";
import { useRoute } from "./route.js";
import { ThemeButton } from "./theme.js";
import "./style.css";

const PaperPage = lazily(() => import("./paper-page.js").then((m) => m.PaperPage));

const StraightenPage = lazily(() => import("./straighten/page.js").then((m) => m.StraightenPage));

const OnnxPage = lazily(() => import("./onnx/page.js").then((m) => m.OnnxPage));

const CodePage = lazily(() => import("./code-page.js").then((m) => m.CodePage));

function App() {
  const { path, params } = useRoute();
  const offline = useOffline();
  const [error, forget] = useErrorBoundary() as [unknown, () => void];
  const main = useRef<HTMLElement>(null);
  const place = path.join("/");
  useEffect(() => {
    if (error !== undefined) forget();
    scrollTo(0, 0);
    // A screen reader goes on at the new page.
    if (place !== "") main.current?.focus({ preventScroll: true });
  }, [place]);
  return (
    <>
      <a class="skip" href="#main" onClick={(event) => (event.preventDefault(), main.current?.focus())}>
        Skip to the content
      </a>
      <header class="top">
        <a class="brand" href="#/">
          Fluxion <span>gallery</span>
        </a>
        <nav aria-label="Site">
          <a href="#/" aria-current={place === "" ? "page" : undefined}>
            Papers
          </a>
          <a href="#/straighten" aria-current={place === "straighten" ? "page" : undefined}>
            Straighten your own
          </a>
          <a href="#/onnx" aria-current={place === "onnx" ? "page" : undefined}>
            Bring an ONNX model
          </a>
        </nav>
        <ThemeButton />
      </header>
      <main id="main" ref={main} tabIndex={-1}>
        {error !== undefined ? (
          <p role="alert">
            This page could not be shown: {error instanceof Error ? error.message : "unknown error"}
          </p>
        ) : path[0] === "paper" && path[1] ? (
          <PaperPage key={path[1]} id={path[1]} params={params} />
        ) : path[0] === "code" ? (
          <CodePage path={path.slice(1)} params={params} />
        ) : path[0] === "straighten" ? (
          <StraightenPage params={params} />
        ) : path[0] === "onnx" ? (
          <OnnxPage params={params} />
        ) : (
          <IndexPage params={params} />
        )}
      </main>
      <footer class="foot">
        Everything here runs in this browser, with the code of Fluxion itself; nothing is sent anywhere.
        {offline.ready && " Its pages work without network from now on, and its demos once one has run."}
        {offline.update && (
          <>
            {" "}
            A new version of this gallery is here.{" "}
            <button class="inline" onClick={offline.update}>
              Change to it
            </button>
          </>
        )}
      </footer>
    </>
  );
}

render(<App />, document.getElementById("app")!);
