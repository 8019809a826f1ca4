import { useState } from "preact/hooks";
import { Thumbnail } from "./thumbnail.js";
import type { Picture } from "./pictures.js";

/** Classes with their names and images: images are added by class, chosen or dropped. */
export function Classes(props: {
  count: number;
  names: Readonly<Record<number, string>>;
  rename: (label: number, name: string) => void;
  pictures: readonly Picture[];
  add: (files: readonly File[], label: number) => void;
  clear: (label: number) => void;
}) {
  const { count, names, pictures } = props;
  const [asked, setAsked] = useState<readonly number[]>([]);
  const [next, setNext] = useState(0);
  // Few classes are all shown; of many those that have images, names or were asked for.
  const all = count <= 20 ? [...Array(count).keys()] : undefined;
  const used = new Set([...pictures.map((p) => p.label), ...Object.keys(names).map(Number), ...asked]);
  const shown = all ?? [...used].sort((a, b) => a - b);
  return (
    <>
      {!all && (
        <form
          class="buttons"
          onSubmit={(event) => {
            event.preventDefault();
            setAsked([...asked, next]);
          }}
        >
          <label>
            Number of a class, 0 to {count - 1}{" "}
            <input
              type="number"
              name="class"
              min={0}
              max={count - 1}
              value={next}
              onInput={(event) => setNext(Math.round(Number(event.currentTarget.value)))}
            />
          </label>
          <button>Add this class</button>
        </form>
      )}
      <ul class="classes">
        {shown.map((label) => {
          const own = pictures.filter((picture) => picture.label === label);
          return (
            <li
              key={label}
              data-class={label}
              onDragOver={(event) => event.preventDefault()}
              onDrop={(event) => {
                event.preventDefault();
                event.stopPropagation();
                props.add([...(event.dataTransfer?.files ?? [])], label);
              }}
            >
              <label>
                <span class="quiet">Class {label}</span>
                <input
                  type="text"
                  name={`name-${label}`}
                  placeholder={`class ${label}`}
                  value={names[label] ?? ""}
                  onInput={(event) => props.rename(label, event.currentTarget.value)}
                />
              </label>
              <div class="thumbs">
                {own.slice(0, 5).map((picture, i) => (
                  <Thumbnail key={i} bitmap={picture.bitmap} size={28} />
                ))}
                <span class="quiet">{own.length === 1 ? "1 image" : `${own.length} images`}</span>
              </div>
              <div class="row">
                <label class="filebutton">
                  Add images
                  <input
                    type="file"
                    class="hidden"
                    name={`images-${label}`}
                    accept="image/*"
                    multiple
                    aria-label={`Add images of class ${label}`}
                    onChange={(event) => {
                      props.add([...(event.currentTarget.files ?? [])], label);
                      event.currentTarget.value = "";
                    }}
                  />
                </label>
                {own.length > 0 && (
                  <button
                    aria-label={`Remove the images of class ${label}`}
                    onClick={() => props.clear(label)}
                  >
                    Remove
                  </button>
                )}
              </div>
            </li>
          );
        })}
      </ul>
    </>
  );
}
