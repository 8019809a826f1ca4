import { claim } from "./claim.js";
const t0=Date.now(); const tier=process.argv[2] as "quick";
for (const seed of process.argv.slice(3).map(Number)) {
const f=await claim.run({seed,tier,signal:undefined,progress:(x,w)=>console.log(((Date.now()-t0)/1000).toFixed(1),w)});
console.log(seed,(Date.now()-t0)/1000, JSON.stringify(f));
for (const c of [...claim.checks([f],tier),...(claim.reported?.([f],tier)??[])]) console.log(c.passed, c.value.toFixed(4), c.sense, c.bar, c.name);
}
