// Fits y = 2a - b + 0.5 by gradient descent: the loss, its gradient and the update are one ONNX program.
import { compile, tensor, valueAndGrad, type Tensor } from "fluxion";

const x = tensor([
  [0, 0],
  [0, 1],
  [1, 0],
  [1, 1],
]);
const y = tensor([[0.5], [-0.5], [2.5], [1.5]]);

const loss = ({ w, b }: { w: Tensor; b: Tensor }) => x.matmul(w).add(b).sub(y).square().mean();
const step = compile((params: { w: Tensor; b: Tensor }) => {
  const [value, { w, b }] = valueAndGrad(loss)(params);
  return { value, params: { w: params.w.sub(w.mul(0.5)), b: params.b.sub(b.mul(0.5)) } };
});

let params = { w: tensor([[0], [0]]), b: tensor([0]) };
let value = tensor(Infinity);
for (let i = 0; i < 200; i++) ({ value, params } = await step(params));

console.log("w", (await params.w.toArray()).toString(), "b", (await params.b.toArray()).toString());
console.log("loss", await value.item());
