import type { ComponentType, JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

/** A component whose code is fetched when it is first shown, with a word while it comes and a retry if it does not. */
export function lazily<Props extends object>(
  load: () => Promise<ComponentType<Props>>,
): (props: Props) => JSX.Element {
  let known: ComponentType<Props> | undefined;
  return function Lazily(props: Props) {
    const [Component, setComponent] = useState<ComponentType<Props> | undefined>(() => known);
    const [failed, setFailed] = useState(false);
    const failures = useRef(0);
    const fetchIt = (): void => {
      setFailed(false);
      load().then(
        (component) => {
          known = component;
          setComponent(() => component);
        },
        () => {
          failures.current++;
          setFailed(true);
        },
      );
    };
    useEffect(() => {
      if (!Component) fetchIt();
    }, []);
    if (Component) return <Component {...props} />;
    if (!failed) return <p class="quiet">Loading …</p>;
    return (
      <p role="alert">
        This part of the page could not be loaded.{" "}
        {failures.current > 1 ? (
          // The host may have a newer version, without the files that this page knows of.
          <button onClick={() => location.reload()}>Reload the page</button>
        ) : (
          <button onClick={fetchIt}>Try again</button>
        )}
      </p>
    );
  };
}
