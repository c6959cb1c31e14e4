// Checks mails: reads {name: html} from standard input, prints {name: {markup: […], unsupported: {feature: [client]}}}.
import { readFileSync } from "node:fs";

import { caniemail } from "caniemail";
import { HtmlValidate } from "html-validate";

const validator = new HtmlValidate({
  root: true,
  extends: ["html-validate:recommended", "html-validate:document", "html-validate:a11y"],
  rules: {
    "no-inline-style": "off", // some clients drop style sheets
    "no-deprecated-attr": "off", // Outlook for Windows goes by width, align, bgcolor …
    "no-conditional-comment": "off", // it still reads them
    "presentation-role-style": ["error", { prefer: "presentation" }], // older readers do not know "none"
    "long-title": "off", // the title is the subject
  },
});

// Those whose features the database knows in full; it lacks some of Thunderbird's (Gecko's, so: most of them work).
const clients = ["gmail.*", "outlook.*", "apple-mail.*", "yahoo.*"];

const result = {};
for (const [name, html] of Object.entries(JSON.parse(readFileSync(0, "utf8")))) {
  const report = await validator.validateString(html);
  const markup = report.results
    .flatMap((file) => file.messages)
    .map(({ ruleId, message, line, column }) => `${ruleId}: ${message} (${line}:${column})`);
  const unsupported = {};
  for (const [client, found] of caniemail({ clients, html }).issues.errors) {
    for (const { title } of found) (unsupported[title] ??= new Set()).add(client);
  }
  result[name] = {
    markup,
    unsupported: Object.fromEntries(Object.entries(unsupported).map(([title, set]) => [title, [...set].sort()])),
  };
}
process.stdout.write(JSON.stringify(result));
