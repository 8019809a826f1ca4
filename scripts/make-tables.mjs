// Writes packages/fluxion/assets/tables/*.csv from the CSV files that scikit-learn's wheel carries:
//   pip download --no-deps scikit-learn && unzip scikit_learn*.whl 'sklearn/datasets/data/*'
//   node scripts/make-tables.mjs sklearn/datasets/data
// Only the first line (their counts and class names) is replaced by a header, and the class number by its name.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const source = process.argv[2];
if (source === undefined) {
  process.stderr.write("usage: node scripts/make-tables.mjs <sklearn/datasets/data>\n");
  process.exit(2);
}
const target = new URL("../packages/fluxion/assets/tables/", import.meta.url);
const cell = [
  ...["radius", "texture", "perimeter", "area", "smoothness", "compactness"],
  ...["concavity", "concave_points", "symmetry", "fractal_dimension"],
];
const tables = [
  {
    file: "iris.csv",
    from: "iris.csv",
    label: "species",
    columns: ["sepal_length_cm", "sepal_width_cm", "petal_length_cm", "petal_width_cm"],
  },
  {
    file: "wine.csv",
    from: "wine_data.csv",
    label: "cultivar",
    columns: [
      ...["alcohol", "malic_acid", "ash", "alcalinity_of_ash", "magnesium", "total_phenols", "flavanoids"],
      ...["nonflavanoid_phenols", "proanthocyanins", "color_intensity", "hue", "od280_od315", "proline"],
    ],
  },
  {
    file: "breast-cancer.csv",
    from: "breast_cancer.csv",
    label: "diagnosis",
    columns: ["mean", "error", "worst"].flatMap((kind) => cell.map((name) => `${kind}_${name}`)),
  },
];

for (const { file, from, label, columns } of tables) {
  const [first = "", ...lines] = readFileSync(join(source, from), "utf8").trim().split(/\r?\n/);
  const [rows, width, ...classes] = first.split(",");
  if (Number(rows) !== lines.length || Number(width) !== columns.length)
    throw new Error(`${from}: unexpected size`);
  const body = lines.map((line) => {
    const cut = line.lastIndexOf(",");
    return `${line.slice(0, cut)},${classes[Number(line.slice(cut + 1))]}`;
  });
  writeFileSync(new URL(file, target), [[...columns, label].join(","), ...body, ""].join("\n"));
  process.stdout.write(`${file}: ${lines.length} rows\n`);
}
