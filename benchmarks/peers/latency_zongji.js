// zongji, told which table and which events are wanted. It hands out a row before its transaction has ended; with the
// argument "at-commit" the row counts as known when the end is, as a follower needs it that acts on whole
// transactions only.
"use strict";

const fs = require("node:fs");
const zongji = require("./zongji_reader");

const job = zongji.job();
const atCommit = process.argv[2] === "at-commit";
const found = {};
let pending = [];
let ready = false;

const reader = zongji.reader(job, (event) => {
  if (event.getEventName() === "writerows") for (const row of event.rows) pending.push(row.user_id);
  else if (event.getEventName() !== "xid") return;
  if (pending.length === 0 || (atCommit && event.getEventName() !== "xid")) return;
  const now = process.hrtime.bigint(); // CLOCK_MONOTONIC
  for (const key of pending) note(key, now);
  pending = [];
});

function note(key, now) {
  if (key === job.probe_key) {
    if (!ready) fs.writeSync(1, "ready\n");
    ready = true;
  } else if (key === job.last_key) {
    zongji.tell(found);
  } else if (!(key in found)) {
    found[key] = Number(now);
  }
}

reader.start({
  serverId: 4100000013,
  startAtEnd: true,
  includeEvents: ["tablemap", "writerows", ...(atCommit ? ["xid"] : [])],
  includeSchema: { [job.database]: ["cart"] },
});
