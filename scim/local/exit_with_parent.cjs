// Preloaded into every Node program that the local host starts. The host holds the other end of standard input and
// never writes: its end of file means that the host stopped us or is gone, on every platform and after kill -9 too.
"use strict";

const GRACE_MS = 4000; // for writing what is still in memory

process.stdin.on("end", () => {
  setTimeout(() => process.exit(0), GRACE_MS).unref();
  if (process.listenerCount("SIGINT") === 0) process.exit(0);
  process.emit("SIGINT");
});
process.stdin.resume();
process.stdin.unref();
