// npm's zongji in the fork that is kept up to date, told which table and which events are wanted.
"use strict";

const fs = require("node:fs");
const ZongJi = require("@powersync/mysql-zongji");

const job = JSON.parse(fs.readFileSync(0, "utf8"));
const found = {};
let ready = false;

const reader = new ZongJi({ host: job.host, port: job.port, user: job.user, password: job.password });

reader.on("error", (error) => {
  console.error(error.message);
  process.exit(1);
});

reader.on("binlog", (event) => {
  if (event.getEventName() !== "writerows") return;
  const now = process.hrtime.bigint(); // CLOCK_MONOTONIC
  for (const row of event.rows) note(row.user_id, now);
});

function note(key, now) {
  if (key === job.probe_key) {
    if (!ready) fs.writeSync(1, "ready\n");
    ready = true;
  } else if (key === job.last_key) {
    fs.writeSync(1, JSON.stringify(found) + "\n");
    process.exit(0);
  } else if (!(key in found)) {
    found[key] = Number(now);
  }
}

reader.start({
  serverId: 4100000013,
  startAtEnd: true,
  includeEvents: ["tablemap", "writerows"],
  includeSchema: { [job.database]: ["cart"] },
});
