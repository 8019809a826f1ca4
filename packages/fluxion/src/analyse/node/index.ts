/**
 * Reports of analyses as files.
 * @module
 */
export { writeOpposingReport, type OpposingReportFiles } from "./opposing-report.js";
