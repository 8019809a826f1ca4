// Writes a small network as an ONNX file with a free batch size, reads it back, and differentiates what was read.
import { grad, random, tensor, treeLeaves, type Tensor } from "fluxion";
import { mlp } from "fluxion/nn";
import { exportOnnx, importOnnx } from "fluxion/onnx";

const net = mlp({ inputs: 3, hidden: [16], outputs: 2 });
const params = net.init(random.key(0));
const x = tensor([[0.1, -0.2, 0.3]]);

const bytes = await exportOnnx((p: typeof params, input: Tensor) => ({ y: net.apply(p, input) }), [x], {
  params,
  dynamicBatch: true,
  inputNames: ["x"],
  outputNames: ["y"],
});
const model = importOnnx(bytes);
const loss = (p: typeof model.params): Tensor => model.call(p, { x }).y!.square().sum();
console.log("file of", bytes.length, "bytes for", model.inputs[0]);
console.log(
  "the same output:",
  await net.apply(params, x).toArray(),
  await model.apply(model.params, x)[0]!.toArray(),
);
console.log("and a gradient of every weight:", treeLeaves(grad(loss)(model.params)).length);
