import { useState } from "preact/hooks";

/** Copies text to the clipboard and says so. */
export function CopyButton({ text, children }: { text: string | (() => string); children: string }) {
  const [said, setSaid] = useState("");
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(typeof text === "string" ? text : text());
      setSaid("Copied");
    } catch {
      setSaid("This browser does not allow copying");
    }
    setTimeout(() => setSaid(""), 2500);
  };
  return (
    <>
      <button onClick={() => void copy()}>{children}</button>
      <span role="status" class="quiet">
        {said && ` ${said}`}
      </span>
    </>
  );
}
