// Grade pages by the tests of the MDN HTTP Observatory: node observatory.mjs HOST HTTP-PORT HTTPS-PORT PATH...
// prints a line of JSON for each path. The package's own scan() asks only for "/" at the usual ports and refuses to
// grade an error, so its parts are put together here as it does. The host is this machine, and no other name resolves.
import dns from "node:dns";
import fs from "node:fs";
import { ALL_TESTS } from "@mdn/mdn-http-observatory/src/constants.js";
import { MINIMUM_SCORE_FOR_EXTRA_CREDIT } from "@mdn/mdn-http-observatory/src/grader/charts.js";
import { getGradeForScore, getScoreModifier } from "@mdn/mdn-http-observatory/src/grader/grader.js";
import { retrieve } from "@mdn/mdn-http-observatory/src/retriever/retriever.js";

const [host, httpPort, httpsPort, ...paths] = process.argv.slice(2);

dns.lookup = (name, options, answer) => {
  if (name !== host) answer(new Error(`${name} is not on this machine`));
  else if (options.all) answer(null, [{ address: "127.0.0.1", family: 4 }]);
  else answer(null, "127.0.0.1", 4);
};

// Chromium's list of hosts that are always HTTPS, which the package would fetch. The portal's is not on it.
const readFile = fs.readFileSync;
fs.readFileSync = (file, ...rest) => (String(file).endsWith("hsts-preload.json") ? "{}" : readFile(file, ...rest));

for (const path of paths) {
  const requests = await retrieve(host, { httpPort, httpsPort, path });
  const tests = {};
  let [bonus, penalty] = [0, 0];
  for (const test of ALL_TESTS) {
    const { constructor, pass, result } = test(requests);
    const modifier = getScoreModifier(result);
    tests[constructor.name] = { pass, result, modifier };
    if (modifier < 0) penalty += modifier;
    else bonus += modifier;
  }
  const earned = 100 + penalty;
  const { grade, score } = getGradeForScore(earned >= MINIMUM_SCORE_FOR_EXTRA_CREDIT ? earned + bonus : earned);
  console.log(JSON.stringify({ path, status: requests.responses.auto.status, grade, score, tests }));
}
