/** The built-in models, as the page tells of them. */
export const examples = {
  garments: {
    label: "Garment classifier",
    text: "A small convolutional network that Fluxion trained on clothing. The images are turned upside down, which it has never seen: tune it, and it learns to read them.",
    range: "signed",
    tune: "2",
    rate: 0.003,
    steps: 60,
    held: "half",
  },
  digits: {
    label: "Untrained transformer",
    text: "A small vision transformer that knows nothing yet, and handwritten digits. All of its layers are tuned: it learns from the beginning.",
    range: "signed",
    tune: "all",
    rate: 0.002,
    steps: 300,
    held: "quarter",
  },
} as const;

/** Name of a built-in model, as the address has it. */
export type ExampleName = keyof typeof examples;
