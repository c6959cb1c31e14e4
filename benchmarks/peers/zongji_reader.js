// npm's zongji in the fork that is kept up to date: what its readers have in common.
"use strict";

const fs = require("node:fs");
const ZongJi = require("@powersync/mysql-zongji");

// The job on stdin.
exports.job = () => JSON.parse(fs.readFileSync(0, "utf8"));

// A reader that hands its events to `take`, and ends the program at an error; it begins at its `start`.
exports.reader = (job, take) => {
  const reader = new ZongJi({ host: job.host, port: job.port, user: job.user, password: job.password });
  reader.on("error", (error) => {
    console.error(error.message);
    process.exit(1);
  });
  reader.on("binlog", take);
  return reader;
};

// Print one line of JSON and end.
exports.tell = (found) => {
  fs.writeSync(1, JSON.stringify(found) + "\n");
  process.exit(0);
};
