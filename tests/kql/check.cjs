// Parses and binds KQL with Kusto's own language service: node check.cjs QUESTION.json; the answer goes to stdout.
// The question is {tables: {name: "(column:type, …)"}, queries: {name: text}}, the answer {name: [[code, message, start]]}.
const fs = require("node:fs");
const path = require("node:path");

const library = path.join(process.cwd(), "node_modules", "@kusto", "language-service-next");
require(path.join(library, "bridge.min.js"));
require(path.join(library, "Kusto.Language.Bridge.min.js"));

const { KustoCode, GlobalState, Symbols } = globalThis.Kusto.Language;
const { tables, queries } = JSON.parse(fs.readFileSync(process.argv[2], "utf8"));
const symbols = Object.entries(tables).map(([name, columns]) => Symbols.TableSymbol.From(columns).WithName(name));
const globals = GlobalState.Default.WithDatabase(new Symbols.DatabaseSymbol.ctor("workspace", symbols));

function problems(text) {
  const found = KustoCode.ParseAndAnalyze(text, globals).GetDiagnostics();
  return Array.from({ length: found.Count }, (_, place) => found.getItem(place)).map((each) => [
    each.Code,
    each.Message,
    each.Start,
  ]);
}

const answer = Object.fromEntries(Object.entries(queries).map(([name, text]) => [name, problems(text)]));
process.stdout.write(JSON.stringify(answer));
