import path from "node:path";
import { Peer } from "../../peer.js";

/** The libraries that ours is measured against. */
export const peerNames = ["torch", "jax-js", "tfjs"] as const;
export type PeerName = (typeof peerNames)[number];

const folder = import.meta.dirname;
const script = (file: string): string[] => [
  process.execPath,
  "--import",
  "tsx",
  "--no-warnings",
  path.join(folder, file),
];
const commands: Record<PeerName, string[]> = {
  torch: ["python3", path.join(folder, "torch_peer.py")],
  "jax-js": script("jax-js.ts"),
  tfjs: script("tfjs.ts"),
};

/** A library, asked for the training steps of `cases`. @param cap seconds to wait for one answer */
export const peerOf = (name: PeerName, cap: number): Peer => new Peer(name, commands[name], cap);
