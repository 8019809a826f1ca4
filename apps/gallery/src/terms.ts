// Words as the search and the index of similar papers compare them.

/** Words that say nothing about a paper. */
const common = new Set(
  "a an and any are as at be been but by can could do does each even every for from has have how i if in into is it its itself me more most my no not of on only or other over own should so than that the their them then there they this to too very was we were what when where which while who whose why will with without would yet you your".split(
    " ",
  ),
);

/** The stem of a word, in one spelling; undefined for words that say nothing. @param word in any case */
export function stem(word: string): string | undefined {
  const lower = word.toLowerCase();
  if (common.has(lower)) return undefined;
  const american = lower.replace(/is(?=(?:e|es|ed|er|ers|ing|ations?)$)/, "iz").replace(/our(?=s?$)/, "or");
  if (/\d/.test(american)) return american;
  return american.replace(/(?:ations?|ions?|ings?|ers?|ors?|ies|es|s|ed|ly|e|y)$/, (end) =>
    american.length - end.length > 3 ? "" : end,
  );
}

/** What texts say, and what else people call it or look for when they mean it. */
const otherNames: readonly (readonly [said: RegExp, called: string])[] = [
  [/support vector|maximum.margin/, "SVM SVMs separating hyperplane"],
  [/matrix completion|completes a matrix/, "recommender recommendation missing values ratings imputation"],
  [/low.rank weights/, "LoRA fine-tuning adapter"],
  [/differential equation/, "PDE PDEs physics-informed PINN"],
  [/poisson/, "PDE linear solver fluid simulation"],
  [/hessian/, "second-order curvature Newton method"],
  [/optimizer|learning rate|\badam\b/, "optimiser training algorithm learning rate"],
  [/one.step|single step/, "one-step single-step few-step fast sampling quick generation turbo"],
  [/\bflows?\b|diffusion/, "generative model image generation diffusion flow matching score-based sampling"],
  [/\bflows?\b/, "ODE ordinary differential equation"],
  [/discriminator|density ratio/, "GAN adversarial"],
  [/training times|time density|u-shaped/, "timestep sampling noise schedule noise levels time sampling"],
  [/schedule/, "noise schedule"],
  [/text.to.image|prompt|image and text/, "stable diffusion text-to-image prompt"],
  [/distil/, "distillation student teacher compression"],
  [/straight/, "straight paths trajectories straightening"],
  [/restor/, "denoising super-resolution deblurring inpainting"],
  [/rescal|downscal/, "super-resolution upscaling"],
  [/attention/, "transformer self-attention"],
  [/binary networks?/, "1-bit one-bit binarized quantization low-bit"],
  [/precision|quantizer/, "low-bit quantization int8"],
  [/tokens .* (?:prune|merge)|token pruning/, "ViT compression speed-up"],
  [/boosting/, "XGBoost boosted trees ensemble"],
  [/batch/, "minibatch large-batch"],
  [/convex/, "global minimum guarantee certificate"],
  [/privacy|privatise/, "DP-SGD private"],
  [/reinforcement/, "RL policy"],
  [/distributed|cluster/, "parallel federated"],
  [/normal maps|solid from|radiance|renderer/, "3D NeRF reconstruction mesh rendering"],
  [/guidance/, "CFG classifier-free guidance scale"],
  [/edit/, "image editing"],
];

/** Other names of what a text is about. */
export function alsoCalled(text: string): string {
  const lower = text.toLowerCase();
  return otherNames.flatMap(([said, called]) => (said.test(lower) ? [called] : [])).join(" ");
}
