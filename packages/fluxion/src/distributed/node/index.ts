/**
 * Pools of workers in threads of Node.
 * @module
 */
export { threadPool, type ThreadPoolOptions } from "./thread-pool.js";
