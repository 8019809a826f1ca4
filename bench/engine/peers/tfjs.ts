// TensorFlow.js on its plain CPU backend (its Wasm backend has no gradient of a convolution's kernel).
import { createRequire } from "node:module";
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import type { Case } from "../cases.js";
import manifest from "../../package.json" with { type: "json" };
import { serve, type PeerStep } from "./serve.js";

function build(c: Case): PeerStep {
  if (c.kind !== "conv" && c.kind !== "mlp") throw new Error("not written for TensorFlow.js");
  const image = c.kind === "conv";
  const sizes = image
    ? [1, ...new Array<number>(c.layers - 1).fill(c.channels), 1]
    : [c.size, ...c.hidden, c.size];
  const shape = image ? [c.batch, c.side, c.side, 1] : [c.batch, c.size];
  const [x, y] = [tf.randomNormal(shape), tf.randomNormal(shape)];
  const layers = sizes.slice(1).map((o, i) => {
    const kernel = image ? [3, 3, sizes[i]!, o] : [sizes[i]!, o];
    const fan = sizes[i]! * (image ? 9 : 1);
    const [w, b] = [tf.randomUniform(kernel, -(fan ** -0.5), fan ** -0.5), tf.zeros([o])];
    return { w: tf.variable(w), b: tf.variable(b) };
  });
  const loss = (): tf.Scalar => {
    const out = layers.reduce((h, { w, b }, i) => {
      const product = image ? tf.conv2d(h as tf.Tensor4D, w as tf.Tensor4D, 1, "same") : tf.matMul(h, w);
      const z = tf.add(product, b);
      if (i === layers.length - 1) return z;
      return image ? tf.relu(z) : tf.mul(z, tf.sigmoid(z));
    }, x);
    return tf.losses.meanSquaredError<tf.Tensor, tf.Scalar>(y, out);
  };
  const optimizer = tf.train.adam(1e-3);
  return {
    parameters: layers.reduce((sum, { w, b }) => sum + w.size + b.size, 0),
    async run() {
      const value = optimizer.minimize(loss, true)!;
      const [result] = await value.data();
      value.dispose();
      return result!;
    },
  };
}

// Only the browser builds come with the gradients. These files import folders, which Node allows `require` alone.
createRequire(import.meta.url)("@tensorflow/tfjs-core/dist/register_all_gradients.js");
await tf.setBackend("cpu");
await serve(`TensorFlow.js ${manifest.devDependencies["@tensorflow/tfjs-core"]}, plain CPU`, build);
