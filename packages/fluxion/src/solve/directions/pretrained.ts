import { OptionError } from "../../core/errors.js";
import { key } from "../../core/random/index.js";
import { readAsset } from "../../data/assets.js";
import type { Model } from "../../nn/model.js";
import { readSafetensors } from "../../onnx/safetensors.js";
import { directionNetwork, type DirectionNetworkParams } from "./direction-network.js";

/**
 * The direction network that ships with Fluxion, trained by itself on grids without solids: 32 × 32 cells in the plane,
 * 16 × 16 × 16 in space. It serves larger grids and solids, too.
 * @throws OptionError for another number of axes; FormatError if the file is missing or damaged
 */
export async function pretrainedDirections(
  dims: 2 | 3,
): Promise<{ network: Model<DirectionNetworkParams>; params: DirectionNetworkParams }> {
  if (dims !== 2 && dims !== 3)
    throw new OptionError({ where: "solve.pretrainedDirections", want: "2 or 3 axes", got: String(dims) });
  const where = `directions/poisson-${dims}d.safetensors` as const;
  const network = directionNetwork({ dims, channels: 8 });
  const { tree } = readSafetensors(await readAsset(where), { where, like: network.init(key(0)) });
  return { network, params: tree };
}
