// Runs Azurite until standard input closes. The pipe belongs to the program that started it, so Azurite ends, and
// saves its data, even when that program was killed and could do nothing about it.
//
//   node run.mjs <data folder>
import { createRequire } from "node:module";

const [location] = process.argv.splice(2);
process.argv.push(
  "--location", location,
  // Port 0: whatever is free, so that several run side by side; the addresses are printed.
  "--blobPort", "0", "--queuePort", "0", "--tablePort", "0",
  "--silent", "--skipApiVersionCheck", "--disableProductStyleUrl", "--disableTelemetry");

// Ctrl-C reaches every process of the terminal. Whoever started this one still needs its storage while it stops, and
// closes the pipe when it has: so Azurite must not see the signal.
const once = process.once;
process.once = function (event, listener) {
  return event === "SIGINT" ? this : once.call(this, event, listener);
};
process.on("SIGINT", () => {});

function stop() {
  if (!process.emit("SIGTERM")) {
    process.exit(0); // It has not started yet.
  }
  // A connection that stays open would keep the servers from closing. Azurite saves every five seconds.
  setTimeout(() => process.exit(0), 8000).unref();
}

// Nobody reads these any more once that program was killed; the error would end Azurite before it has saved.
process.stdout.on("error", () => {});
process.stderr.on("error", () => {});

process.stdin.on("end", stop).on("error", stop).resume();

createRequire(import.meta.url)("azurite/dist/src/azurite.js");
