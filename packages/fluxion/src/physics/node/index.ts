/**
 * Experts solved by worker threads of Node.
 * @module
 */
export { expertWorkers, type ExpertWorkers } from "./expert-workers.js";
